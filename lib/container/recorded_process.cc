// SPDX-License-Identifier: Apache-2.0
#include "container/recorded_process.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/string_view.h>
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
#include "container/process_tree.h"

namespace container {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
// Start times count in ticks of 10 ms, file times in ticks of the kernel's clock, and the two
// clocks are read one after the other.
constexpr std::int64_t kSlackNanoseconds = kNanosecondsPerSecond / 10;

std::int64_t Nanoseconds(const timespec& time) {
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
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

// What a pid file says.
struct PidRecord {
  pid_t pid = 0;
  bool has_start = false;
  std::uint64_t start_ticks = 0;
};

absl::StatusOr<PidRecord> ReadRecord(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadKernelFile(path));
  const std::vector<absl::string_view> words =
      absl::StrSplit(absl::StripAsciiWhitespace(text), absl::MaxSplits(' ', 1));
  PidRecord record;
  if (!absl::SimpleAtoi(words[0], &record.pid) || record.pid <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds no pid"));
  }
  record.has_start = words.size() > 1;
  if (record.has_start && !absl::SimpleAtoi(words[1], &record.start_ticks)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds no start time after the pid"));
  }
  return record;
}

// Whether the file is older than the process that has its pid, as the wall clock of now tells.
absl::StatusOr<bool> IsYounger(const ProcessInfo& process, const std::string& path) {
  ASSIGN_OR_RETURN(const std::int64_t written, WriteTime(path));
  const std::int64_t started = static_cast<std::int64_t>(process.start_ticks) *
                               (kNanosecondsPerSecond / ::sysconf(_SC_CLK_TCK));
  return started > written + kSlackNanoseconds;
}

absl::Status ReplaceFile(const std::string& path, const std::string& text) {
  const std::string fresh = absl::StrCat(path, ".new");
  base::UniqueFd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("create ", fresh));
  const bool written =
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
    const absl::Status status = base::ErrnoStatus(errno, absl::StrCat("write ", path));
    ::unlink(fresh.c_str());
    return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WritePidFile(const std::string& path, pid_t pid) {
  return ReplaceFile(path, absl::StrCat(pid));
}

absl::Status RecordProcess(const std::string& path, pid_t pid) {
  const absl::StatusOr<ProcessInfo> process = ReadProcessInfo(pid);
  // Of one that has gone there is nothing to tell apart: nobody will find it.
  if (!process.ok()) return WritePidFile(path, pid);
  return ReplaceFile(path, absl::StrCat(pid, " ", process->start_ticks));
}

absl::StatusOr<pid_t> ReadPidFile(const std::string& path) {
  ASSIGN_OR_RETURN(const PidRecord record, ReadRecord(path));
  return record.pid;
}

absl::StatusOr<base::UniqueFd> OpenRecordedProcess(const std::string& path) {
  ASSIGN_OR_RETURN(const PidRecord record, ReadRecord(path));
  // The handle first: what is checked then stays the process that the handle means.
  ASSIGN_OR_RETURN(base::UniqueFd pidfd, base::OpenPidfd(record.pid));
  ASSIGN_OR_RETURN(const ProcessInfo process, ReadProcessInfo(record.pid));
  bool other = false;
  if (record.has_start) {
    other = process.start_ticks != record.start_ticks;
  } else {
    ASSIGN_OR_RETURN(other, IsYounger(process, path));
  }
  if (other) {
    return absl::NotFoundError(absl::StrCat("process ", record.pid, " is not the one of ", path));
  }
  return pidfd;
}

}  // namespace container
