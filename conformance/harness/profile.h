// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// What its author says about a shim: which parts of the contract it claims and how it is to be
// driven. A claim that fails is red; what is not claimed is skipped with that reason.
struct Profile {
  // What a container of this shim is: kRootfs a native program that sees the bundle's rootfs, kHost
  // one that sees the filesystem the shim itself lives in (no rootfs, no namespaces), kWasm a
  // WebAssembly module of the bundle's rootfs, for which a check's program is the module of that
  // name; checks whose program no module can be are skipped.
  enum class Guest { kRootfs, kHost, kWasm };

  std::string name = "runc-type (built in)";  // for reports: where the profile came from
  std::string shim_path;                      // [shim] path, used when --shim is not given
  std::string engine;                         // [engine] binary: what `options.binary_name` names;
                                              // empty: the shim drives no engine
  bool fake_ok = true;                        // [engine] fake_ok: the stand-in may take its place
  // [engine] of kind "vm": the hypervisor that the shim drives, absolute or a name beside the judge
  // or in PATH; and the configuration that names it, which the judge writes to a file and passes as
  // runtimeoptions.v1.Options.config_path of each Create (vm_options.h).
  std::string hypervisor;
  std::string vm_config;
  Guest guest = Guest::kRootfs;
  Needs claims = 0;                             // or-ed Need values
  std::chrono::milliseconds boot_limit{10000};  // cap of one `start`
  std::chrono::milliseconds rpc_limit{10000};   // cap of one call
  std::map<std::string, std::string> env;       // added to the environment of every shim command
  // [shim] bootstrap: the dialects of `start` it claims, "legacy" and "params"; empty: no word
  // about it. What is claimed and does not work makes a run red.
  std::vector<std::string> dialects;
  // [shim] task: the versions of the Task service it may announce; empty: any.
  std::vector<std::int64_t> task_versions;
  // [shim] dump_signal, "SIGUSR1": makes the daemon write what its threads do to its log; sent to
  // one that owes an answer. 0: none.
  int dump_signal = 0;
  int max_parallel = 0;                // [limits]: checks at a time at most; 0: no limit
  std::vector<std::string> fatal_log;  // [log] fatal: texts no log may contain, such as "panic:"
};

// File name of the stand-in engine, the one whose verbs fail on demand (Need::kFakeEngine).
inline constexpr char kFakeEngineName[] = "shimgauge-engine";
bool HasFakeEngine(const Profile& profile);

// "rootfs", "host", "wasm": [guest] kind.
absl::string_view GuestName(Profile::Guest guest);
std::optional<Profile::Guest> ParseGuest(absl::string_view name);
// Whether containers have a rootfs of their own.
constexpr bool HasOwnRoot(Profile::Guest guest) { return guest != Profile::Guest::kHost; }

// Everything a shim of runc's type offers: all claims but `checkpoint`, `wasm` and `sandbox`,
// engine "runc".
Profile DefaultProfile();

// Parses a TOML profile (schema 1). INVALID_ARGUMENT names file, line and key: unknown tables and
// keys, wrong types, durations that are none and a schema this build does not know are all errors.
// A claim that is not mentioned is not claimed.
absl::StatusOr<Profile> ParseProfile(absl::string_view toml, const std::string& file_name);
// A file, or a ready-made profile by its name (ready_made.h).
absl::StatusOr<Profile> ReadProfile(const std::string& path);

// "exec", "pause", ...: the key of [claims] and the word in skip reasons.
absl::string_view NeedName(Need need);
// The names of all needs in `needs`, comma separated.
std::string NeedNames(Needs needs);

}  // namespace conformance
