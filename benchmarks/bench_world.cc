// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/bench_world.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace benchmarks {
namespace {

namespace fs = std::filesystem;

absl::Status Mount(const char* source, const char* target, const char* type, unsigned long flags,
                   const char* data) {
  if (::mount(source, target, type, flags, data) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("mount on ", target));
}

absl::Status EnterWorld() {
  RETURN_IF_ERROR(Mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  RETURN_IF_ERROR(Mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
  RETURN_IF_ERROR(Mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"));
  std::error_code error;
  fs::create_directories(kWorldDirectory, error);
  if (error) return base::ErrnoStatus(error.value(), kWorldDirectory);
  return absl::OkStatus();
}

void WriteAll(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(fd, text.data() + done, text.size() - done);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return;  // nobody is there to be told
    }
  }
}

// The copy's whole life. What it says: one byte of status code, then the text or the message.
[[noreturn]] void LiveInWorld(const base::UniqueFd& answer, pid_t parent,
                              absl::FunctionRef<absl::StatusOr<std::string>()> body) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != 0 && ::getppid() != parent) ::_exit(1);
  absl::StatusOr<std::string> result = std::string();
  if (const absl::Status status = EnterWorld(); status.ok()) {
    result = body();
  } else {
    result = status;
  }
  std::string text(1, static_cast<char>(result.status().code()));
  text += result.ok() ? *result : std::string(result.status().message());
  WriteAll(answer.get(), text);
  ::_exit(0);
}

// Deepest first; what is not empty or gone already stays as it is.
void RemoveTree(const fs::path& directory) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.is_directory(error)) RemoveTree(entry.path());
  }
  ::rmdir(directory.c_str());
}

void RemoveCgroups(const std::string& name) {
  std::error_code error;
  const fs::path root = "/sys/fs/cgroup";
  RemoveTree(root.string() + name);
  for (const auto& hierarchy : fs::directory_iterator(root, error)) {
    if (fs::exists(hierarchy.path().string() + name, error)) {
      RemoveTree(hierarchy.path().string() + name);
    }
  }
}

// Reads to the end of `answer`, passing interrupts on.
absl::StatusOr<std::string> Await(const base::UniqueFd& answer, pid_t pid, Interrupts& interrupts) {
  std::string text;
  char buffer[65536];
  int interrupted = 0;
  while (true) {
    pollfd ready[] = {{answer.get(), POLLIN, 0}, {interrupts.fd(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return base::ErrnoStatus(errno, "poll");
    if ((ready[1].revents & POLLIN) != 0) {
      interrupts.Seen();
      ::kill(pid, ++interrupted == 1 ? SIGINT : SIGKILL);
    }
    if (ready[0].revents == 0) continue;
    const ssize_t count = ::read(answer.get(), buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) return base::ErrnoStatus(errno, "read");
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

std::string WorldCgroup() {
  static const std::string name = absl::StrCat("/shimgauge-bench-", ::getpid());
  return name;
}

absl::StatusOr<std::string> RunInWorld(Interrupts& interrupts,
                                       absl::FunctionRef<absl::StatusOr<std::string>()> body) {
  const std::string cgroup = WorldCgroup();  // named before there is a copy with another pid
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  const pid_t parent = ::getpid();
  const long pid = ::syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, nullptr, nullptr,
                             nullptr, nullptr);
  if (pid < 0) return base::ErrnoStatus(errno, "making a world (clone)");
  if (pid == 0) {
    read_end.reset();
    LiveInWorld(write_end, parent, body);
  }
  write_end.reset();
  absl::StatusOr<std::string> text = Await(read_end, static_cast<pid_t>(pid), interrupts);
  ::kill(static_cast<pid_t>(pid), SIGKILL);  // it has nothing more to say
  int status = 0;
  while (::waitpid(static_cast<pid_t>(pid), &status, 0) < 0 && errno == EINTR) {
  }
  RemoveCgroups(cgroup);
  RETURN_IF_ERROR(text.status());
  if (text->empty()) {
    if (interrupts.Seen()) return absl::CancelledError("interrupted");
    return absl::InternalError(
        absl::StrCat("the measuring process died (wait status ", status, ")"));
  }
  const auto code = static_cast<absl::StatusCode>((*text)[0]);
  if (code != absl::StatusCode::kOk) return absl::Status(code, text->substr(1));
  return text->substr(1);
}

}  // namespace benchmarks
