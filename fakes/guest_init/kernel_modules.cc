// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_init/kernel_modules.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace fakes {

absl::Status LoadModules(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    files.push_back(it->path().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return base::ErrnoStatus(error.value(), directory);
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    const base::UniqueFd module(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!module.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", file));
    if (::syscall(SYS_finit_module, module.get(), "", 0) != 0 && errno != EEXIST) {
      return base::ErrnoStatus(errno, absl::StrCat("load ", file));
    }
  }
  return absl::OkStatus();
}

}  // namespace fakes
