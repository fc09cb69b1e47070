// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/gate_watch.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/status_macros.h"

namespace fakes {

absl::StatusOr<GateWatch> GateWatch::Make(const std::string& path) {
  struct stat info {};
  const std::string what = absl::StrCat("gate ", path);
  if (::stat(path.c_str(), &info) != 0) return base::ErrnoStatus(errno, what);
  if (!S_ISFIFO(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(what, ": no FIFO"));
  base::UniqueFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!reader.ok()) return base::ErrnoStatus(errno, what);
  base::UniqueFd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  // A reader's poll does not wake up for a writer that writes nothing; its open is told.
  if (!changes.ok() || ::inotify_add_watch(changes.get(), path.c_str(), IN_OPEN) < 0) {
    return base::ErrnoStatus(errno, what);
  }
  return GateWatch(std::move(changes), std::move(reader));
}

bool GateWatch::IsOpen() {
  char events[4096];
  while (::read(changes_.get(), events, sizeof(events)) > 0) {
  }
  // The end of the file as long as nobody can write.
  return ::read(reader_.get(), events, 1) != 0;
}

}  // namespace fakes
