// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/metrics.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/testing/temp_dir.h"
#include "metrics/v1/metrics.pb.h"
#include "metrics/v2/metrics.pb.h"

namespace backends {
namespace {

using ::base::testing::TempDir;
using ::base::testing::WriteFile;
using container::Cgroup;
using container::CgroupVersion;

TEST(Metrics, VersionOne) {
  const TempDir temp;
  WriteFile(temp.File("pids.current"), "2\n");
  WriteFile(temp.File("cpuacct.usage"), "1000\n");
  WriteFile(temp.File("cpuacct.usage_percpu"), "400 600\n");
  WriteFile(temp.File("cpu.stat"), "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n");
  WriteFile(temp.File("memory.stat"), "cache 4\nhierarchical_memsw_limit 5\ntotal_pgpgin 6\n");
  WriteFile(temp.File("memory.usage_in_bytes"), "7\n");
  WriteFile(temp.File("memory.memsw.limit_in_bytes"), "8\n");
  WriteFile(temp.File("memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 9\n");
  WriteFile(temp.File("blkio.io_serviced_recursive"), "8:0 Read 10\n");
  WriteFile(temp.File("hugetlb.2MB.usage_in_bytes"), "11\n");
  Cgroup cgroup{.version = CgroupVersion::kV1, .controllers = {}, .unified = ""};
  for (const char* name : {"pids", "cpu", "cpuacct", "memory", "blkio", "hugetlb"}) {
    cgroup.controllers[name] = temp.path();
  }
  const auto sample = SampleMetrics(cgroup);
  ASSERT_TRUE(sample.ok()) << sample.status();
  EXPECT_EQ(sample->type_url, "io.containerd.cgroups.v1.Metrics") << "STATS-01";
  io::containerd::cgroups::v1::Metrics metrics;
  ASSERT_TRUE(metrics.ParseFromString(sample->value));
  EXPECT_EQ(metrics.pids().current(), 2U);
  EXPECT_EQ(metrics.cpu().usage().total(), 1000U);
  EXPECT_EQ(metrics.cpu().usage().per_cpu_size(), 2);
  EXPECT_EQ(metrics.cpu().throttling().throttled_time(), 3U);
  EXPECT_EQ(metrics.memory().cache(), 4U);
  EXPECT_EQ(metrics.memory().hierarchical_swap_limit(), 5U);
  EXPECT_EQ(metrics.memory().total_pg_pg_in(), 6U);
  EXPECT_EQ(metrics.memory().usage().usage(), 7U);
  EXPECT_EQ(metrics.memory().swap().limit(), 8U);
  EXPECT_EQ(metrics.memory_oom_control().oom_kill(), 9U);
  ASSERT_EQ(metrics.blkio().io_serviced_recursive_size(), 1);
  EXPECT_EQ(metrics.blkio().io_serviced_recursive(0).value(), 10U);
  ASSERT_EQ(metrics.hugetlb_size(), 1);
  EXPECT_EQ(metrics.hugetlb(0).pagesize(), "2MB");
}

TEST(Metrics, VersionTwo) {
  const TempDir temp;
  WriteFile(temp.File("pids.max"), "12\n");
  WriteFile(temp.File("cpu.stat"), "usage_usec 1\nuser_usec 2\n");
  WriteFile(temp.File("cpu.pressure"), "some avg10=0.50 avg60=0.00 avg300=0.00 total=3\n");
  WriteFile(temp.File("memory.stat"),
            "anon 4\nworkingset_refault_anon 5\nworkingset_refault_file 6\n");
  WriteFile(temp.File("memory.events"), "oom 7\noom_kill 8\n");
  WriteFile(temp.File("memory.current"), "9\n");
  WriteFile(temp.File("io.stat"), "8:0 rbytes=10 wios=11\n");
  const auto sample = SampleMetrics(
      Cgroup{.version = CgroupVersion::kV2, .controllers = {}, .unified = temp.path()});
  ASSERT_TRUE(sample.ok()) << sample.status();
  EXPECT_EQ(sample->type_url, "io.containerd.cgroups.v2.Metrics");
  io::containerd::cgroups::v2::Metrics metrics;
  ASSERT_TRUE(metrics.ParseFromString(sample->value));
  EXPECT_EQ(metrics.pids().limit(), 12U);
  EXPECT_EQ(metrics.cpu().usage_usec(), 1U);
  EXPECT_EQ(metrics.cpu().psi().some().total(), 3U);
  EXPECT_FALSE(metrics.memory().has_psi());
  EXPECT_EQ(metrics.memory().anon(), 4U);
  EXPECT_EQ(metrics.memory().workingset_refault(), 11U);
  EXPECT_EQ(metrics.memory_events().oom_kill(), 8U);
  EXPECT_EQ(metrics.memory().usage(), 9U);
  EXPECT_EQ(metrics.memory().usage_limit(), std::numeric_limits<std::uint64_t>::max());
  ASSERT_EQ(metrics.io().usage_size(), 1);
  EXPECT_EQ(metrics.io().usage(0).wios(), 11U);
}

TEST(Metrics, AGoneCgroupHasNone) {
  for (const CgroupVersion version : {CgroupVersion::kV1, CgroupVersion::kV2}) {
    const Cgroup gone{.version = version, .controllers = {}, .unified = "/no/such/cgroup"};
    EXPECT_EQ(SampleMetrics(gone).status().code(), absl::StatusCode::kNotFound) << "STATS-02";
  }
}

}  // namespace
}  // namespace backends
