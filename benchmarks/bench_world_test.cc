// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/bench_world.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "benchmarks/process_cost.h"
#include "benchmarks/session_files.h"
#include "benchmarks/syscall_tracer.h"

namespace benchmarks {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class BenchWorld : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::getuid() != 0) GTEST_SKIP() << "making worlds needs root";
  }

  absl::StatusOr<std::string> Run(absl::FunctionRef<absl::StatusOr<std::string>()> body) {
    return RunInWorld(interrupts_, body);
  }

  Interrupts interrupts_ = *Interrupts::Take();
};

TEST_F(BenchWorld, IsItsOwnAndAnswers) {
  const auto text = Run([]() -> absl::StatusOr<std::string> {
    std::ofstream(std::string(kWorldDirectory) + "/file") << "x";
    const bool proc = std::filesystem::exists("/proc/1/status");
    return (::getpid() == 1 && proc ? "first" : "other") + std::string(100000, '.');
  });
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->substr(0, 5), "first");
  EXPECT_EQ(text->size(), 100005u);
  EXPECT_FALSE(std::filesystem::exists(std::string(kWorldDirectory) + "/file"));
}

TEST_F(BenchWorld, PassesErrorsOnAndTellsOfDeath) {
  const auto error =
      Run([]() -> absl::StatusOr<std::string> { return absl::NotFoundError("no such shim"); });
  EXPECT_EQ(error.status(), absl::NotFoundError("no such shim"));
  const auto death = Run([]() -> absl::StatusOr<std::string> { ::_exit(9); });
  EXPECT_EQ(death.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(death.status().message()), HasSubstr("died"));
}

TEST_F(BenchWorld, ItsCgroupsGoWithIt) {
  const std::string parent = "/sys/fs/cgroup/pids" + WorldCgroup();
  if (!std::filesystem::exists("/sys/fs/cgroup/pids")) GTEST_SKIP() << "no cgroup v1 hierarchy";
  const auto made = Run([&]() -> absl::StatusOr<std::string> {
    return std::filesystem::create_directories(parent + "/child") ? "made" : "";
  });
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(*made, "made");
  EXPECT_FALSE(std::filesystem::exists(parent));
}

TEST_F(BenchWorld, AnInterruptReachesIt) {
  // One that came before is passed on at once.
  ::kill(::getpid(), SIGINT);
  const auto text = Run([&]() -> absl::StatusOr<std::string> {
    pollfd ready{interrupts_.fd(), POLLIN, 0};
    return ::poll(&ready, 1, 60000) == 1 && interrupts_.Seen() ? "seen" : "";
  });
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, "seen");
  EXPECT_TRUE(interrupts_.Seen());
}

TEST_F(BenchWorld, CountsWhatAProgramDoes) {
  const auto counts = [](const std::string& script) {
    const auto input = PipeWith("");
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const base::UniqueFd output(ends[0]);
    base::UniqueFd write_end(ends[1]);
    auto tracer = SyscallTracer::Start({.path = "/bin/sh",
                                        .argv = {"/bin/sh", "-c", script},
                                        .cwd = "/",
                                        .input = input->get(),
                                        .output = write_end.get()},
                                       "/nothing");
    EXPECT_TRUE(tracer.ok()) << tracer.status();
    write_end.reset();
    char byte = 0;
    while (::read(output.get(), &byte, 1) > 0) {
    }
    return (*tracer)->counts();
  };
  const TraceCounts nothing = counts(":");
  EXPECT_EQ(nothing.execs, 1);
  EXPECT_EQ(nothing.forks, 0);
  EXPECT_GT(nothing.syscalls, 5);
  EXPECT_EQ(counts(":").syscalls, nothing.syscalls);  // exact
  const TraceCounts two = counts("/bin/true; /bin/true; :");
  EXPECT_EQ(two.execs, 3);
  EXPECT_EQ(two.forks, 2);
  EXPECT_GT(two.syscalls, nothing.syscalls);
}

TEST(ProcessCost, TellsOfThisProcess) {
  const auto before = ReadHoldings(::getpid());
  ASSERT_TRUE(before.ok()) << before.status();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd one(ends[0]);
  const base::UniqueFd other(ends[1]);
  std::vector<char> memory(8 << 20, 'x');
  const auto after = ReadHoldings(::getpid());
  EXPECT_EQ(after->fds, before->fds + 2);
  EXPECT_EQ(after->threads, before->threads);
  EXPECT_GE(after->dirty_kib, before->dirty_kib + 8000);
  EXPECT_GE(after->uss_kib, after->dirty_kib);
  EXPECT_NE(memory[4 << 20], 0);
  const auto cpu = CpuMilliseconds(::getpid());
  ASSERT_TRUE(cpu.ok()) << cpu.status();
  EXPECT_GT(*cpu, 0);
  EXPECT_TRUE(VoluntarySwitches(::getpid()).ok());
  EXPECT_FALSE(ReadHoldings(0x3fffffff).ok());
}

TEST(EventCounter, CountsOrSaysWhyNot) {
  auto clock = EventCounter::Open(::getpid(), PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS);
  if (absl::IsPermissionDenied(clock.status())) GTEST_SKIP() << clock.status();
  ASSERT_TRUE(clock.ok()) << clock.status();
  const double before = *clock->Read();
  std::vector<char> memory(4 << 20, 'x');
  EXPECT_GE(*clock->Read(), before + 100 * (memory[1] == 'x'));
  const auto instructions = EventCounter::Instructions(::getpid());
  if (!instructions.ok()) {
    EXPECT_THAT(std::string(instructions.status().message()), StartsWith(kNoCounter));
  }
}

}  // namespace
}  // namespace benchmarks
