// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "fakes/guest_agent/guest_config.h"

namespace fakes {

// Ids become names of files and cgroups: letters, digits, '_', '.' and '-', the first a letter or
// digit. INVALID_ARGUMENT says what was wrong with `what` ("container_id").
absl::Status CheckGuestId(absl::string_view what, absl::string_view id);

// Paths that the protocol names, and where they are.
class GuestPaths {
 public:
  explicit GuestPaths(const GuestConfig& config)
      : run_(config.run_directory), shared_(config.shared_directory), is_machine_(config.is_init) {}

  // INVALID_ARGUMENT unless `path` is absolute without "..". What is not below kGuestRun is the
  // guest's own, the same here.
  [[nodiscard]] absl::StatusOr<std::string> Resolve(absl::string_view path) const;

  // Relative to run(): INVALID_ARGUMENT for what is not below kGuestRun, where alone a runtime may
  // put things.
  [[nodiscard]] absl::StatusOr<std::string> BelowRun(absl::string_view path) const;

  // Of a path below kGuestShared the place in the shared directory; empty if it is not, or nothing
  // is shared.
  [[nodiscard]] std::string InShared(absl::string_view path) const;

  [[nodiscard]] const std::string& run() const { return run_; }
  [[nodiscard]] const std::string& shared() const { return shared_; }
  // What is shared comes by a device, and is mounted as the protocol says.
  [[nodiscard]] bool is_machine() const { return is_machine_; }

 private:
  std::string run_;
  std::string shared_;
  bool is_machine_;
};

}  // namespace fakes
