// SPDX-License-Identifier: Apache-2.0
#include "base/testing/leak_guard.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <dirent.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <vector>

namespace base::testing {
namespace {

std::string LinkTarget(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof(target));
  return length < 0 ? "" : std::string(target, static_cast<std::size_t>(length));
}

// Signal mask, pending and ignored sets of this thread, as the kernel prints them.
std::string SignalState() {
  std::string state;
  const std::string status = ReadFile("/proc/thread-self/status");
  for (const absl::string_view line : absl::StrSplit(status, '\n')) {
    for (const absl::string_view key : {"SigBlk:", "SigIgn:", "SigCgt:"}) {
      if (line.substr(0, key.size()) == key) absl::StrAppend(&state, line, "\n");
    }
  }
  return state;
}

std::vector<pid_t> Children() {
  std::vector<pid_t> pids;
  const std::string list =
      ReadFile(absl::StrCat("/proc/self/task/", ::syscall(SYS_gettid), "/children"));
  for (const absl::string_view word : absl::StrSplit(list, ' ', absl::SkipEmpty())) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(word, &pid)) pids.push_back(pid);
  }
  return pids;
}

std::string Describe(pid_t pid) { return ReadFile(absl::StrCat("/proc/", pid, "/stat")); }

void ExpectNoChildren() {
  siginfo_t info{};
  if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 && errno == ECHILD) {
    return;
  }
  ADD_FAILURE() << "child processes are left";
  for (const pid_t pid : Children()) {
    ADD_FAILURE() << "left child: " << Describe(pid);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, __WALL);
  }
}

}  // namespace

std::map<int, std::string> OpenFds() {
  std::map<int, std::string> fds;
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return fds;
  while (const dirent* entry = ::readdir(directory)) {
    int fd = -1;
    if (!absl::SimpleAtoi(entry->d_name, &fd) || fd == ::dirfd(directory)) continue;
    fds[fd] = LinkTarget(absl::StrCat("/proc/self/fd/", fd));
  }
  ::closedir(directory);
  return fds;
}

LeakGuard::LeakGuard() : fds_(OpenFds()), signals_(SignalState()) {}

LeakGuard::~LeakGuard() {
  ExpectNoChildren();
  const std::map<int, std::string> now = OpenFds();
  for (const auto& [fd, target] : now) {
    const auto before = fds_.find(fd);
    if (before == fds_.end()) {
      ADD_FAILURE() << "left descriptor " << fd << ": " << target;
    } else if (before->second != target) {
      ADD_FAILURE() << "descriptor " << fd << " was " << before->second << ", is " << target;
    }
  }
  for (const auto& [fd, target] : fds_) {
    if (now.count(fd) == 0) ADD_FAILURE() << "lost descriptor " << fd << ": " << target;
  }
  EXPECT_EQ(signals_, SignalState()) << "signal mask or dispositions changed";
}

}  // namespace base::testing
