// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace fakes {

// Cloud Hypervisor's command line as kata's shims use it, and ours beside it.
struct HypervisorOptions {
  std::string api_socket;
  int verbosity = 0;               // -v, -vv
  std::vector<std::string> words;  // that we have no use for, accepted as they are
  std::string fault_directory;     // empty: no faults
  std::string control_socket;      // empty: none
  bool die_with_parent = false;
  std::string shared_directory;  // what the guest sees of the host's files
  std::string message;           // --help, --version: to be printed, and nothing else done
};

// `args` without argv[0]. INVALID_ARGUMENT names the option.
absl::StatusOr<HypervisorOptions> ParseHypervisorOptions(const std::vector<std::string>& args);

// The release of Cloud Hypervisor whose API this is.
inline constexpr char kHypervisorVersion[] = "v51.0.0";

}  // namespace fakes
