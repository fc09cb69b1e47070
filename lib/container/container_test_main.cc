// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/child_main.h"
#include "container/credentials.h"
#include "container/gated_process.h"
#include "container/namespaces.h"
#include "oci/spec.h"

namespace {

// Until the other end of stdin is closed: the test moves the process into its cgroup first.
void AwaitGo() {
  char byte = 0;
  (void)!::read(STDIN_FILENO, &byte, sizeof(byte));
}

int Wait(const std::vector<std::string>&) {
  ::pause();
  return 0;
}

int ExitWhenTold(const std::vector<std::string>&) {
  AwaitGo();
  return 0;
}

int EatMemory(const std::vector<std::string>&) {
  AwaitGo();
  constexpr std::size_t kBytes = 256U << 20;
  void* memory =
      ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (std::size_t i = 0; i < kBytes; i += 4096) static_cast<volatile char*>(memory)[i] = 1;
  return 0;
}

// A gate that inherits stdout, and is never released.
int HoldGate(const std::vector<std::string>&) {
  boost::asio::io_context loop;
  const auto reaper = base::ChildReaper::Create(loop);
  base::SpawnSpec spec{.path = "", .argv = {"true"}, .env = {}, .cwd = "", .fds = {}};
  spec.fds = {{.source = STDOUT_FILENO, .target = 1}};
  const auto gate = container::GatedProcess::Spawn(loop, **reaper, spec, [](const auto&) {});
  if (!gate.ok()) return 1;
  constexpr char kLine[] = "gate is there\n";
  (void)!::write(STDOUT_FILENO, kLine, sizeof(kLine) - 1);
  ::pause();
  return 0;
}

// Each process forks one child and stays, until somebody makes an end of it.
int ForkChain(const std::vector<std::string>&) {
  AwaitGo();
  constexpr int kLengthMax = 500;
  for (int length = 0; length < kLengthMax; ++length) {
    if (::fork() > 0) ::pause();
  }
  return 0;
}

// What namespaces_test.cc has of these: they are first of a pid namespace, whose /proc they mount.
bool MountProc() {
  return ::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) == 0 &&
         ::mount("proc", "/proc", "proc", 0, nullptr) == 0;
}

// The number of a thread that does nothing until the process ends.
pid_t StartThread() {
  std::promise<pid_t> number;
  std::future<pid_t> told = number.get_future();
  std::thread([number = std::move(number)]() mutable {
    number.set_value(::gettid());
    for (;;) ::pause();
  }).detach();
  return told.get();
}

// Its exit status, as waitpid has it; -1 if there was no process.
int StatusOf(const absl::StatusOr<pid_t>& pid) {
  int status = -1;
  return pid.ok() && ::waitpid(*pid, &status, 0) == *pid ? status : -1;
}

// Forks into a pid namespace until a child has the number of our thread there.
int JoinBesideThread(const std::vector<std::string>&) {
  constexpr int kChildrenMax = 100;
  constexpr unsigned kPatienceSeconds = 20;
  constexpr int kFailed = 1;
  constexpr int kSameNumber = 2;
  constexpr int kOtherNumber = 3;
  if (!MountProc()) return 2;
  const pid_t thread = StartThread();
  const auto first = container::ForkInto({.fresh = CLONE_NEWPID, .joins = {}}, [] { ::pause(); });
  if (!first.ok()) return 3;
  for (int made = 0; made < kChildrenMax; ++made) {
    const auto plan = container::PlanToJoin(*first);
    if (!plan.ok()) return 4;
    const int status = StatusOf(container::ForkInto(*plan, [thread] {
      ::alarm(kPatienceSeconds);
      if (::setresgid(0, 0, 0) != 0) ::_exit(kFailed);
      ::_exit(::getpid() == thread ? kSameNumber : kOtherNumber);
    }));
    if (!WIFEXITED(status)) return 128 + WTERMSIG(status);
    if (WEXITSTATUS(status) == kSameNumber) return 0;
    if (WEXITSTATUS(status) != kOtherNumber) return 5;
  }
  return 6;
}

int FreshBesideThread(const std::vector<std::string>&) {
  StartThread();
  const auto child = container::ForkInto({.fresh = CLONE_NEWPID, .joins = {}},
                                         [] { ::_exit(::getpid() == 1 ? 0 : 1); });
  return StatusOf(child) == 0 ? 0 : 1;
}

// With the exit code that its umask is; 1 is none that a test asks for.
int UmaskOfUser(const std::vector<std::string>& args) {
  ::umask(077);
  oci::Process process;
  if (!args.empty()) process.user.umask = static_cast<std::uint32_t>(std::stoul(args[0]));
  return container::BecomeUser(process).ok() ? static_cast<int>(::umask(0)) : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (container::IsGate(argc, argv)) container::RunGate(argv);
  return base::testing::RunTestsOrChild(argc, argv,
                                        {{"wait", &Wait},
                                         {"eat-memory", &EatMemory},
                                         {"fork-chain", &ForkChain},
                                         {"hold-gate", &HoldGate},
                                         {"join-beside-thread", &JoinBesideThread},
                                         {"fresh-beside-thread", &FreshBesideThread},
                                         {"umask-of-user", &UmaskOfUser},
                                         {"exit-when-told", &ExitWhenTold}});
}
