// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/vm_fault_directory.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "base/status_macros.h"

namespace conformance {
namespace {

absl::Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("mkdir ", path));
}

}  // namespace

absl::Status MakeVmFaultDirectories() {
  RETURN_IF_ERROR(MakeDirectory(kVmFaults));
  return MakeDirectory(absl::StrCat(kVmFaults, "/agent"));
}

}  // namespace conformance
