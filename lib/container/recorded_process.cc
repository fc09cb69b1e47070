// SPDX-License-Identifier: Apache-2.0
#include "container/recorded_process.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/status_macros.h"

namespace container {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
// Start times count in ticks of 10 ms, file times in ticks of the kernel's clock, and the two
// clocks are read one after the other.
constexpr std::int64_t kSlackNanoseconds = kNanosecondsPerSecond / 10;

std::int64_t Nanoseconds(const timespec& time) {
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

// When `pid` started, on the clock since boot.
absl::StatusOr<std::int64_t> StartTime(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text,
                   base::ReadKernelFile(absl::StrCat("/proc/", pid, "/stat")));
  // The name in parentheses may hold anything; field 22 is the 20th after it.
  constexpr std::size_t kStartTimeAfterName = 19;
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return absl::InternalError("malformed /proc/PID/stat");
  const std::vector<std::string> fields =
      absl::StrSplit(text.substr(name_end + 1), ' ', absl::SkipEmpty());
  std::int64_t ticks = 0;
  if (fields.size() <= kStartTimeAfterName ||
      !absl::SimpleAtoi(fields[kStartTimeAfterName], &ticks)) {
    return absl::InternalError("malformed /proc/PID/stat");
  }
  return ticks * (kNanosecondsPerSecond / ::sysconf(_SC_CLK_TCK));
}

// When the file was written, on the clock since boot.
absl::StatusOr<std::int64_t> WriteTime(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return base::ErrnoStatus(errno, path);
  timespec wall{};
  timespec since_boot{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return Nanoseconds(info.st_mtim) - Nanoseconds(wall) + Nanoseconds(since_boot);
}

}  // namespace

absl::Status WritePidFile(const std::string& path, pid_t pid) {
  const std::string fresh = absl::StrCat(path, ".new");
  base::UniqueFd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("create ", fresh));
  const std::string text = absl::StrCat(pid);
  const bool written =
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
    const absl::Status status = base::ErrnoStatus(errno, absl::StrCat("write ", path));
    ::unlink(fresh.c_str());
    return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<pid_t> ReadPidFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadKernelFile(path));
  pid_t pid = 0;
  if (!absl::SimpleAtoi(text, &pid) || pid <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds no pid"));
  }
  return pid;
}

absl::StatusOr<base::UniqueFd> OpenRecordedProcess(const std::string& path) {
  ASSIGN_OR_RETURN(const pid_t pid, ReadPidFile(path));
  // The handle first: what is checked then stays the process that the handle means.
  ASSIGN_OR_RETURN(base::UniqueFd pidfd, base::OpenPidfd(pid));
  ASSIGN_OR_RETURN(const std::int64_t written, WriteTime(path));
  ASSIGN_OR_RETURN(const std::int64_t started, StartTime(pid));
  if (started > written + kSlackNanoseconds) {
    return absl::NotFoundError(absl::StrCat("process ", pid, " is younger than ", path));
  }
  return pidfd;
}

}  // namespace container
