// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "reference-shim/shim/backend.h"

namespace backends {

// What containerd.runc.v1.Options says about the engine (CREATE-06). Its io_uid and io_gid concern
// stdio and shim_cgroup the daemon; both are the shim's affair.
struct EngineOptions {
  std::string binary;  // name or path; empty: kDefaultEngine
  std::string root;    // of the engine's state, without namespace; empty: kDefaultEngineRoot
  bool systemd_cgroup = false;
  bool no_pivot_root = false;
  bool no_new_keyring = false;
  std::string criu_image_path;
  std::string criu_work_path;
  friend bool operator==(const EngineOptions&, const EngineOptions&) = default;
};

inline constexpr char kDefaultEngine[] = "runc";
inline constexpr char kDefaultEngineRoot[] = "/run/containerd/runc";

// Empty options are the defaults (CREATE-07). INVALID_ARGUMENT for another message type (CREATE-08)
// or bytes that are no such message.
absl::StatusOr<EngineOptions> ParseEngineOptions(const shim::Opaque& options);

// Keeps the options in the bundle for `delete`, in the files and the form that runc-v2 uses
// (options.json and runtime, 0600; FILE-06, DEL-11, REC-30).
absl::Status SaveEngineOptions(const std::string& bundle, const EngineOptions& options);

// Reads what SaveEngineOptions or another shim left. Files that cannot be read, and members that
// are unknown, count as default; INVALID_ARGUMENT if options.json cannot be understood.
absl::StatusOr<EngineOptions> LoadEngineOptions(const std::string& bundle);

}  // namespace backends
