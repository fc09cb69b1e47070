// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup_stats.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "container/cgroup_files.h"
#include "container/testing/host_cgroup.h"

namespace container {
namespace {

using ::base::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(CgroupFiles, CountsMayBeMaxOrMissing) {
  EXPECT_EQ(ParseCount("42\n"), 42U);
  EXPECT_EQ(ParseCount("max\n"), kMax);
  EXPECT_EQ(ParseCount("", 7), 7U);
  EXPECT_EQ(ParseCount("-1", 7), 7U);
}

TEST(CgroupFiles, NamedCountsSkipWhatIsNone) {
  const NamedCounts counts = ParseNamedCounts("a 1\nb two\nc 3 4\n\nd 5\n");
  EXPECT_THAT(counts, ElementsAre(NamedCount{.name = "a", .value = 1},
                                  NamedCount{.name = "d", .value = 5}));
  EXPECT_EQ(CountOf(counts, "d"), 5U);
  EXPECT_EQ(CountOf(counts, "e"), 0U);
}

TEST(CgroupFiles, BlockIoWithAndWithoutOperation) {
  EXPECT_THAT(
      ParseBlockIo("8:16 Read 10\n8:16 Total 30\nTotal 30\n253:0 7\n8: Read 1\n"),
      ElementsAre(BlockIoEntry{.op = "Read", .device = "", .major = 8, .minor = 16, .value = 10},
                  BlockIoEntry{.op = "Total", .device = "", .major = 8, .minor = 16, .value = 30},
                  BlockIoEntry{.op = "", .device = "", .major = 253, .minor = 0, .value = 7}));
}

TEST(CgroupFiles, Rdma) {
  EXPECT_THAT(ParseRdma("mlx4_0 hca_handle=2 hca_object=max\nocrdma1 hca_handle=3\nalone\n"),
              ElementsAre(RdmaStats{.device = "mlx4_0",
                                    .hca_handles = 2,
                                    .hca_objects = std::numeric_limits<std::uint32_t>::max()},
                          RdmaStats{.device = "ocrdma1", .hca_handles = 3, .hca_objects = 0}));
}

TEST(CgroupFiles, IoStat) {
  EXPECT_THAT(ParseIoStat("8:0 rbytes=1 wbytes=2 rios=3 wios=4\n8:16\nx:1 rbytes=1\n"),
              ElementsAre(CgroupV2Stats::IoEntry{
                  .major = 8,
                  .minor = 0,
                  .counts = {{"rbytes", 1}, {"wbytes", 2}, {"rios", 3}, {"wios", 4}}}));
}

TEST(CgroupFiles, Pressure) {
  EXPECT_EQ(ParsePressure("some avg10=1.50 avg60=0.25 avg300=0.00 total=99\n"
                          "full avg10=0.00 avg60=0.00 avg300=0.50 total=7\n"),
            (CgroupV2Stats::PressurePair{
                .known = true,
                .some = {.avg10 = 1.5, .avg60 = 0.25, .avg300 = 0, .total_us = 99},
                .full = {.avg10 = 0, .avg60 = 0, .avg300 = 0.5, .total_us = 7}}));
  EXPECT_FALSE(ParsePressure("").known);
}

// No machine of ours runs cgroup v2 alone: a tree with the files of one stands in.
TEST(CgroupV2Stats, ReadsEveryFile) {
  const base::testing::TempDir temp;
  const auto write = [&temp](const std::string& name, const std::string& text) {
    WriteFile(temp.File(name), text);
  };
  write("pids.current", "3\n");
  write("pids.max", "max\n");
  write("cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\n");
  write("cpu.pressure", "some avg10=0.10 avg60=0.00 avg300=0.00 total=5\n");
  write("memory.stat", "anon 4096\nfile 8192\n");
  write("memory.events", "low 0\nhigh 0\nmax 2\noom 1\noom_kill 1\n");
  write("memory.current", "12288\n");
  write("memory.max", "max\n");
  write("memory.peak", "16384\n");
  write("memory.swap.current", "1\n");
  write("memory.swap.max", "2\n");
  write("io.stat", "8:0 rbytes=1\n");
  write("hugetlb.2MB.current", "2097152\n");
  write("hugetlb.2MB.max", "max\n");
  write("hugetlb.2MB.rsvd.current", "0\n");
  write("rdma.current", "mlx4_0 hca_handle=1 hca_object=2\n");
  const Cgroup cgroup{.version = CgroupVersion::kV2, .controllers = {}, .unified = temp.path()};
  const auto stats = ReadCgroupV2Stats(cgroup);
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->pids, (PidsStats{.current = 3, .limit = 0}));
  EXPECT_EQ(CountOf(stats->cpu, "usage_usec"), 30U);
  EXPECT_EQ(stats->cpu_pressure.some.total_us, 5U);
  EXPECT_EQ(CountOf(stats->memory, "file"), 8192U);
  EXPECT_EQ(CountOf(stats->memory_events, "oom_kill"), 1U);
  EXPECT_EQ(stats->memory_usage, 12288U);
  EXPECT_EQ(stats->memory_limit, kMax);
  EXPECT_EQ(stats->memory_peak, 16384U);
  EXPECT_EQ(stats->swap_usage, 1U);
  EXPECT_EQ(stats->swap_limit, 2U);
  EXPECT_THAT(stats->io, ::testing::SizeIs(1));
  EXPECT_THAT(
      stats->hugetlb,
      ElementsAre(HugetlbStats{.page_size = "2MB", .usage = 2097152, .max = kMax, .failcnt = 0}));
  EXPECT_THAT(stats->rdma_current, ::testing::SizeIs(1));
}

TEST(CgroupV2Stats, AGoneCgroupIsNotFound) {
  const Cgroup cgroup{.version = CgroupVersion::kV2, .controllers = {}, .unified = "/no/such"};
  EXPECT_EQ(ReadCgroupV2Stats(cgroup).status().code(), absl::StatusCode::kNotFound);
}

TEST(CgroupV1Stats, ReadsEveryFile) {
  const base::testing::TempDir temp;
  const auto write = [&temp](const std::string& name, const std::string& text) {
    WriteFile(temp.File(name), text);
  };
  write("pids.current", "2\n");
  write("pids.max", "10\n");
  write("cpu.stat", "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n");
  write("cpuacct.usage", "1000\n");
  write("cpuacct.stat", "user 2\nsystem 1\n");
  write("cpuacct.usage_percpu", "400 600 \n");
  write("memory.stat", "cache 1\ntotal_rss 2\n");
  write("memory.usage_in_bytes", "5\n");
  write("memory.max_usage_in_bytes", "6\n");
  write("memory.limit_in_bytes", "7\n");
  write("memory.failcnt", "8\n");
  write("memory.memsw.usage_in_bytes", "9\n");
  write("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
  write("blkio.throttle.io_serviced_recursive", "8:0 Read 5\n");
  write("hugetlb.1GB.usage_in_bytes", "1\n");
  write("hugetlb.1GB.failcnt", "2\n");
  Cgroup cgroup{.version = CgroupVersion::kV1, .controllers = {}, .unified = ""};
  for (const char* name : {"pids", "cpu", "cpuacct", "memory", "blkio", "hugetlb"}) {
    cgroup.controllers[name] = temp.path();
  }
  const auto stats = ReadCgroupV1Stats(cgroup);
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->pids, (PidsStats{.current = 2, .limit = 10}));
  EXPECT_EQ(CountOf(stats->cpu, "throttled_time"), 3U);
  EXPECT_EQ(stats->cpu_total_ns, 1000U);
  EXPECT_EQ(stats->cpu_user_ns, 2 * stats->cpu_kernel_ns);
  EXPECT_THAT(stats->per_cpu_ns, ElementsAre(400, 600));
  EXPECT_EQ(CountOf(stats->memory, "total_rss"), 2U);
  EXPECT_EQ(stats->usage,
            (CgroupV1Stats::MemoryEntry{.limit = 7, .usage = 5, .max = 6, .failcnt = 8}));
  EXPECT_EQ(stats->swap.usage, 9U);
  EXPECT_EQ(CountOf(stats->oom_control, "oom_kill"), 4U);
  ASSERT_THAT(stats->io_serviced, ::testing::SizeIs(1));
  EXPECT_EQ(stats->io_serviced[0].value, 5U);
  EXPECT_THAT(stats->hugetlb,
              ElementsAre(HugetlbStats{.page_size = "1GB", .usage = 1, .max = 0, .failcnt = 2}));
}

TEST(CgroupV1Stats, MissingControllersLeaveZeros) {
  const base::testing::TempDir temp;
  Cgroup cgroup{.version = CgroupVersion::kV1, .controllers = {}, .unified = ""};
  cgroup.controllers["pids"] = temp.path();
  const auto stats = ReadCgroupV1Stats(cgroup);
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->pids, PidsStats());
  EXPECT_THAT(stats->memory, IsEmpty());
}

class CgroupStatsOnHost : public base::testing::ProcessTest {};

TEST_F(CgroupStatsOnHost, CountsAProcess) {
  auto host = testing::HostCgroup::Create({"cpuacct", "memory", "pids"});
  if (!host.ok()) GTEST_SKIP() << host.status();
  host->Set("pids", "pids.max", "17");
  const auto child = base::Spawn(base::testing::ChildProcess("wait"));
  ASSERT_TRUE(child.ok());
  host->Add(child->pid);
  const auto stats = ReadCgroupV1Stats(host->cgroup());
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->pids.limit, 17U);
  EXPECT_THAT(stats->pids.current, Ge(1U));
  EXPECT_GT(stats->usage.limit, 0U);
  EXPECT_GT(CountOf(stats->memory, "hierarchical_memory_limit"), 0U);
  ASSERT_TRUE(SignalAll(host->cgroup(), SIGKILL).ok());
  EXPECT_TRUE(base::testing::WaitForExit(child->pid).ok());
}

}  // namespace
}  // namespace container
