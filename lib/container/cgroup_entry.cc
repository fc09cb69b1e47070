// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup_entry.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/status_macros.h"

namespace container {

absl::StatusOr<CgroupEntry> CgroupEntry::Open(const Cgroup& cgroup) {
  CgroupEntry entry;
  for (const std::string& directory : cgroup.Directories()) {
    const std::string thread = absl::StrCat(directory, "/tasks");  // version 1 alone has it
    const std::string process = absl::StrCat(directory, "/cgroup.procs");
    base::UniqueFd file(::open(thread.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.ok() && errno == ENOENT) file.reset(::open(process.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("enter ", directory));
    entry.files_.push_back(std::move(file));
  }
  return entry;
}

absl::Status CgroupEntry::Enter() const {
  for (const base::UniqueFd& file : files_) {
    if (::write(file.get(), "0", 1) < 0) return base::ErrnoStatus(errno, "enter the cgroup");
  }
  return absl::OkStatus();
}

}  // namespace container
