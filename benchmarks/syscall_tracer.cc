// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/syscall_tracer.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <new>

#include "base/status_macros.h"

namespace benchmarks {

struct SyscallTracer::Shared {
  std::atomic<std::uint64_t> syscalls{0};
  std::atomic<std::uint64_t> forks{0};
  std::atomic<std::uint64_t> execs{0};
};

namespace {

// Calls that wait, wake or make room: how many there are depends on who was scheduled when.
constexpr std::array kTimingCalls = {
    SYS_futex,        SYS_epoll_wait,      SYS_epoll_pwait, SYS_poll,   SYS_ppoll,    SYS_nanosleep,
    SYS_select,       SYS_clock_nanosleep, SYS_sched_yield, SYS_tgkill, SYS_pselect6, SYS_getpid,
    SYS_rt_sigreturn, SYS_restart_syscall, SYS_madvise};

constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                          PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

bool OnlyTiming(std::uint64_t number) {
  return std::find(kTimingCalls.begin(), kTimingCalls.end(), static_cast<long>(number)) !=
         kTimingCalls.end();
}

bool IsThread(unsigned long id) {
  std::ifstream status(absl::StrCat("/proc/", id, "/status"));
  for (std::string line; std::getline(status, line);) {
    if (absl::StartsWith(line, "Tgid:")) return line != absl::StrCat("Tgid:\t", id);
  }
  return false;
}

std::string ProgramOf(pid_t pid) {
  std::array<char, 4096> path{};
  const ssize_t size =
      ::readlink(absl::StrCat("/proc/", pid, "/exe").c_str(), path.data(), path.size());
  return size <= 0 ? "" : std::string(path.data(), static_cast<std::size_t>(size));
}

void CountSyscall(pid_t pid, std::atomic<std::uint64_t>& count) {
  __ptrace_syscall_info info{};
  // The size goes where an address does.
  void* const size = reinterpret_cast<void*>(sizeof info);  // NOLINT(performance-no-int-to-ptr)
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid, size, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY && !OnlyTiming(info.entry.nr)) ++count;
}

void Resume(pid_t pid, int request, int signal) {
  ::ptrace(
      static_cast<__ptrace_request>(request), pid, nullptr,
      reinterpret_cast<void*>(static_cast<long>(signal)));  // NOLINT(performance-no-int-to-ptr)
}

[[noreturn]] void BecomeProgram(const SyscallTracer::Program& program) {
  std::vector<char*> argv;
  for (const std::string& word : program.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> env;
  for (const std::string& word : program.env) env.push_back(const_cast<char*>(word.c_str()));
  env.push_back(nullptr);
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) ::signal(signal, SIG_DFL);
  const bool ready = ::dup2(program.input, 0) == 0 && ::dup2(program.output, 1) == 1 &&
                     ::dup2(program.output, 2) == 2 && ::chdir(program.cwd.c_str()) == 0 &&
                     ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 && ::raise(SIGSTOP) == 0;
  if (ready) ::execve(program.path.c_str(), argv.data(), env.data());
  ::_exit(127);
}

class Counting {
 public:
  Counting(std::atomic<std::uint64_t>& syscalls, std::atomic<std::uint64_t>& forks,
           std::atomic<std::uint64_t>& execs, std::string leave_at)
      : syscalls_(syscalls), forks_(forks), execs_(execs), leave_at_(std::move(leave_at)) {}

  // Until nobody is traced any more.
  void Run() {
    int status = 0;
    while (true) {
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return;
      if (WIFSTOPPED(status)) Serve(pid, status);
    }
  }

 private:
  void Serve(pid_t pid, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (signal == (SIGTRAP | 0x80)) {
      CountSyscall(pid, syscalls_);
      return Resume(pid, PTRACE_SYSCALL, 0);
    }
    switch (event) {
      case 0:
        // A SIGSTOP that is no group stop is how a new one announces itself.
        return Resume(pid, PTRACE_SYSCALL, signal == SIGSTOP ? 0 : signal);
      case PTRACE_EVENT_FORK:
      case PTRACE_EVENT_VFORK:
      case PTRACE_EVENT_CLONE: {
        unsigned long born = 0;
        ::ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &born);
        if (!IsThread(born)) ++forks_;
        return Resume(pid, PTRACE_SYSCALL, 0);
      }
      case PTRACE_EVENT_EXEC:
        ++execs_;
        return Resume(pid, ProgramOf(pid) == leave_at_ ? PTRACE_DETACH : PTRACE_SYSCALL, 0);
      default:
        return Resume(pid, PTRACE_SYSCALL, 0);
    }
  }

  std::atomic<std::uint64_t>& syscalls_;
  std::atomic<std::uint64_t>& forks_;
  std::atomic<std::uint64_t>& execs_;
  const std::string leave_at_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SyscallTracer>> SyscallTracer::Start(const Program& program,
                                                                    const std::string& leave_at) {
  void* const memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return base::ErrnoStatus(errno, "mmap");
  auto* const shared = new (memory) Shared;
  const pid_t pid = ::fork();
  if (pid < 0) {
    const absl::Status status = base::ErrnoStatus(errno, "fork");
    ::munmap(memory, sizeof(Shared));
    return status;
  }
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "tracer");
    const pid_t traced = ::fork();
    if (traced == 0) BecomeProgram(program);
    int status = 0;
    if (traced < 0 || ::waitpid(traced, &status, __WALL) != traced || !WIFSTOPPED(status)) {
      ::_exit(1);
    }
    // The pipe's end has to close when the program ends, not when this process does.
    ::close_range(0, ~0u, 0);
    ::ptrace(PTRACE_SETOPTIONS, traced, nullptr,
             reinterpret_cast<void*>(kOptions));  // NOLINT(performance-no-int-to-ptr)
    Resume(traced, PTRACE_SYSCALL, 0);
    Counting(shared->syscalls, shared->forks, shared->execs, leave_at).Run();
    ::_exit(0);
  }
  return std::unique_ptr<SyscallTracer>(new SyscallTracer(pid, shared));
}

SyscallTracer::~SyscallTracer() {
  ::kill(pid_, SIGKILL);  // whom it traces runs on
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  ::munmap(shared_, sizeof(Shared));
}

TraceCounts SyscallTracer::counts() const {
  return {.syscalls = static_cast<double>(shared_->syscalls.load()),
          .forks = static_cast<double>(shared_->forks.load()),
          .execs = static_cast<double>(shared_->execs.load())};
}

}  // namespace benchmarks
