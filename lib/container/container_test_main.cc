// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

#include "base/testing/child_main.h"
#include "container/gated_process.h"

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

}  // namespace

int main(int argc, char** argv) {
  if (container::IsGate(argc, argv)) container::RunGate(argv);
  return base::testing::RunTestsOrChild(argc, argv,
                                        {{"wait", &Wait},
                                         {"eat-memory", &EatMemory},
                                         {"fork-chain", &ForkChain},
                                         {"hold-gate", &HoldGate},
                                         {"exit-when-told", &ExitWhenTold}});
}
