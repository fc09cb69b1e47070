// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault_gate.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fifo.h"
#include "base/status_macros.h"

namespace fakes {

absl::StatusOr<FaultGate> FaultGate::Make(const std::string& path) {
  RETURN_IF_ERROR(base::MakeFifo(path, 0600));
  return FaultGate(path);
}

FaultGate::~FaultGate() {
  if (path_.empty()) return;  // moved from
  (void)Open();
  ::unlink(path_.c_str());
}

absl::Status FaultGate::Open() {
  if (writer_.ok()) return absl::OkStatus();
  // Both ends: opening to write alone would fail while nobody waits.
  ASSIGN_OR_RETURN(writer_, base::OpenFifoBothEnds(path_, /*nonblocking=*/true));
  return absl::OkStatus();
}

absl::Status WaitAtGate(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return base::ErrnoStatus(errno, absl::StrCat("gate ", path));
  if (!S_ISFIFO(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("gate ", path, ": not a FIFO"));
  }
  for (;;) {
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.ok()) return absl::OkStatus();
    if (errno != EINTR) return base::ErrnoStatus(errno, absl::StrCat("gate ", path));
  }
}

}  // namespace fakes
