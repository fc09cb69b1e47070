// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <vector>

namespace container {

// The filter that linux.seccomp describes, ready for the kernel: to make it takes milliseconds, to
// install it one system call.
class SeccompFilter {
 public:
  // `json` empty: one that installs nothing. System calls that this machine does not have are
  // passed over. Errors name the member.
  static absl::StatusOr<SeccompFilter> Compile(absl::string_view json);

  // For this process, which must have one thread, and its descendants. Needs CAP_SYS_ADMIN or
  // no_new_privs.
  [[nodiscard]] absl::Status Install() const;

 private:
  std::vector<std::uint64_t> instructions_;  // the kernel's sock_filter, eight bytes each
};

}  // namespace container
