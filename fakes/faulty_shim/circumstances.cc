// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/circumstances.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "fakes/faulty_shim/own_children.h"

namespace fakes {
namespace {

int& ExecsStarting() {
  static int count = 0;
  return count;
}

std::string LinkOf(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof(target));
  return std::string(target, size > 0 ? static_cast<std::size_t>(size) : 0);
}

bool IsStopped(pid_t pid) {
  std::stringstream text;
  text << std::ifstream(absl::StrCat("/proc/", pid, "/stat")).rdbuf();
  const std::string stat = text.str();
  const std::size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.substr(name_end + 1, 2) == " T";
}

// A worker has our own program.
bool HasStoppedChild(bool worker) {
  const std::string own = LinkOf("/proc/self/exe");
  for (const pid_t pid : ListChildren()) {
    const bool is_worker = LinkOf(absl::StrCat("/proc/", pid, "/exe")) == own;
    if (is_worker == worker && IsStopped(pid)) return true;
  }
  return false;
}

// Of the ends of FIFOs that the shim keeps: those of outputs to read, those of stdin to write.
bool HasUnread(int access) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    int fd = -1;
    int unread = 0;
    struct stat info {};
    if (!absl::SimpleAtoi(entry.path().filename().string(), &fd) || ::fstat(fd, &info) != 0) {
      continue;
    }
    const bool kept_end = S_ISFIFO(info.st_mode) && (::fcntl(fd, F_GETFL) & O_ACCMODE) == access;
    if (!kept_end || LinkOf(entry.path()).rfind("pipe:", 0) == 0) continue;
    if (::ioctl(fd, FIONREAD, &unread) == 0 && unread > 0) return true;
  }
  return false;
}

// Blocked, SIGCONT stays pending until it is asked for.
bool WasContinued() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCONT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const timespec at_once{};
  return ::sigtimedwait(&set, nullptr, &at_once) == SIGCONT;
}

}  // namespace

bool IsTheCase(absl::string_view circumstance) {
  if (circumstance == "stopped-init") return HasStoppedChild(/*worker=*/false);
  if (circumstance == "stopped-worker") return HasStoppedChild(/*worker=*/true);
  if (circumstance == "starting-exec") return ExecsStarting() > 0;
  if (circumstance == "unread-output") return HasUnread(O_RDONLY);
  if (circumstance == "unread-input") return HasUnread(O_WRONLY);
  return circumstance == "continued" && WasContinued();
}

ExecStarting::ExecStarting() { ++ExecsStarting(); }
ExecStarting::~ExecStarting() { --ExecsStarting(); }

}  // namespace fakes
