// SPDX-License-Identifier: Apache-2.0
#include "container/hooks.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/string_view.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "base/exit_status.h"
#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/limits.h"
#include "oci/json_text.h"

namespace container {
namespace {

using Clock = std::chrono::steady_clock;

// A file in memory: nobody has to write while the hook reads, so a hook that does not read, or
// closes its stdin, cannot hurt (HOOK-06).
absl::StatusOr<base::UniqueFd> ReadableText(absl::string_view text) {
  base::UniqueFd file(::memfd_create("hook-state", MFD_CLOEXEC));
  if (!file.ok()) return base::ErrnoStatus(errno, "memfd_create");
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written =
        ::pwrite(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (written < 0 && errno != EINTR) return base::ErrnoStatus(errno, "write of the state");
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  return file;
}

// The reading end of what a hook prints.
class OutputPipe {
 public:
  absl::Status Open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe");
    read_.reset(ends[0]);
    write_.reset(ends[1]);
    if (::fcntl(read_.get(), F_SETFL, O_NONBLOCK) != 0) return base::ErrnoStatus(errno, "fcntl");
    return absl::OkStatus();
  }
  [[nodiscard]] int write_end() const { return write_.get(); }
  [[nodiscard]] int read_end() const { return read_.get(); }  // -1: at its end
  void CloseWriteEnd() { write_.reset(); }

  // Takes what is there, keeps the beginning.
  void Drain() {
    char chunk[4096];
    while (read_.ok()) {
      const ssize_t got = ::read(read_.get(), chunk, sizeof(chunk));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return read_.reset();
      const std::size_t room = kHookStderrBytesMax - std::min(kHookStderrBytesMax, kept_.size());
      kept_.append(chunk, std::min(room, static_cast<std::size_t>(got)));
    }
  }
  [[nodiscard]] const std::string& kept() const { return kept_; }

 private:
  base::UniqueFd read_;
  base::UniqueFd write_;
  std::string kept_;
};

struct HookEnd {
  bool timed_out = false;
  base::ExitStatus exit;
};

absl::StatusOr<base::ExitStatus> Reap(const base::Child& child) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED) != 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "waitid");
  }
  return base::ExitStatusOf(info);
}

// Until the hook has ended; what it started may go on, and hold the pipes.
absl::StatusOr<HookEnd> Await(const base::Child& child, OutputPipe& out, OutputPipe& err,
                              const std::optional<Clock::time_point>& deadline) {
  HookEnd end;
  while (!base::HasExited(child.pidfd)) {
    int timeout = -1;
    if (deadline.has_value()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
      timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
    }
    pollfd ready[3] = {{.fd = child.pidfd.get(), .events = POLLIN, .revents = 0},
                       {.fd = out.read_end(), .events = POLLIN, .revents = 0},
                       {.fd = err.read_end(), .events = POLLIN, .revents = 0}};
    const int count = ::poll(ready, 3, timeout);
    if (count < 0 && errno != EINTR) return base::ErrnoStatus(errno, "poll");
    if (count == 0) {
      end.timed_out = true;
      ::kill(-child.pid, SIGKILL);
      ::kill(child.pid, SIGKILL);  // should it have left its group
      break;
    }
    out.Drain();
    err.Drain();
  }
  ASSIGN_OR_RETURN(end.exit, Reap(child));
  err.Drain();
  return end;
}

std::string Describe(const HookEnd& end) {
  if (end.timed_out) return "timed out and was killed";
  if (end.exit.signal != 0) {
    return absl::StrCat("killed by signal ", end.exit.signal, " (", ::strsignal(end.exit.signal),
                        ")");
  }
  return absl::StrCat("exit status ", end.exit.code);
}

absl::Status RunHook(const oci::Hook& hook, const std::string& state,
                     std::optional<Clock::time_point> deadline) {
  if (hook.path.empty() || hook.path[0] != '/') {
    return absl::AbortedError("its path is not absolute");
  }
  ASSIGN_OR_RETURN(const base::UniqueFd input, ReadableText(state));
  OutputPipe out;
  OutputPipe err;
  RETURN_IF_ERROR(out.Open());
  RETURN_IF_ERROR(err.Open());
  const Clock::time_point begin = Clock::now();
  if (deadline.has_value() && begin >= *deadline) {
    return absl::AbortedError("there was no time left to run it");
  }
  if (hook.timeout.has_value() && *hook.timeout > 0) {
    const Clock::time_point own = begin + std::chrono::seconds(*hook.timeout);
    deadline = deadline.has_value() ? std::min(*deadline, own) : own;
  }
  base::SpawnSpec spec{.path = hook.path, .argv = hook.args, .env = hook.env};
  if (spec.argv.empty()) spec.argv = {hook.path};
  spec.fds = {{.source = input.get(), .target = 0},
              {.source = out.write_end(), .target = 1},
              {.source = err.write_end(), .target = 2}};
  const absl::StatusOr<base::Child> child = base::Spawn(spec);
  if (!child.ok()) return absl::AbortedError(child.status().message());
  out.CloseWriteEnd();
  err.CloseWriteEnd();
  ASSIGN_OR_RETURN(const HookEnd end, Await(*child, out, err, deadline));
  if (!end.timed_out && end.exit.ShellStatus() == 0) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat(Describe(end), ", stderr: ", absl::StripAsciiWhitespace(err.kept())));
}

}  // namespace

std::string HookStateJson(const HookState& state) {
  std::string json = absl::StrCat("{\"ociVersion\":", oci::JsonQuote(state.oci_version),
                                  ",\"id\":", oci::JsonQuote(state.id),
                                  ",\"status\":", oci::JsonQuote(state.status));
  if (state.pid != 0) absl::StrAppend(&json, ",\"pid\":", state.pid);
  absl::StrAppend(&json, ",\"bundle\":", oci::JsonQuote(state.bundle));
  if (!state.annotations.empty()) {
    absl::StrAppend(&json, ",\"annotations\":{",
                    absl::StrJoin(state.annotations, ",",
                                  [](std::string* to, const auto& entry) {
                                    absl::StrAppend(to, oci::JsonQuote(entry.first), ":",
                                                    oci::JsonQuote(entry.second));
                                  }),
                    "}");
  }
  return absl::StrCat(json, "}");
}

absl::Status RunHooks(absl::string_view point, const std::vector<oci::Hook>& hooks,
                      const HookState& state, HookFailure failure,
                      const std::optional<Clock::time_point>& deadline) {
  if (hooks.empty()) return absl::OkStatus();
  const std::string json = HookStateJson(state);
  std::vector<std::string> failures;
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    const absl::Status status = RunHook(hooks[i], json, deadline);
    if (status.ok()) continue;
    failures.push_back(absl::StrCat("error running ", point, " hook #", i, " (", hooks[i].path,
                                    "): ", status.message()));
    if (failure == HookFailure::kStops) break;
  }
  if (failures.empty()) return absl::OkStatus();
  return absl::AbortedError(absl::StrJoin(failures, "; "));
}

}  // namespace container
