// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/vm_options.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <unistd.h>

#include <fstream>

#include "base/status_macros.h"
#include "conformance/harness/hypervisor_need.h"
#include "conformance/harness/vm_fault_directory.h"
#include "runtimeoptions/v1/options.pb.h"

namespace conformance {

absl::StatusOr<std::string> VmOptionsFor(const Profile& profile, const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/vm.toml");
  if (::access(path.c_str(), F_OK) != 0) {
    if (HasFakeHypervisor(profile)) RETURN_IF_ERROR(MakeVmFaultDirectories());
    std::ofstream file(path, std::ios::binary);
    file << absl::StrReplaceAll(profile.vm_config, {{"${hypervisor}", profile.hypervisor}});
    if (!file.flush()) return absl::InternalError(absl::StrCat(path, ": cannot be written"));
  }
  runtimeoptions::v1::Options options;
  options.set_config_path(path);
  return options.SerializeAsString();
}

}  // namespace conformance
