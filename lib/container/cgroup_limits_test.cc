// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup_limits.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <limits>

#include "base/testing/temp_dir.h"

namespace container {
namespace {

using ::base::testing::ReadFile;
using ::base::testing::WriteFile;

// A directory with the files of a cgroup v2. The kernel's own take each write whole; of these a
// write replaces the beginning, hence every one starts empty where nothing is to be read from it.
class CgroupV2Limits : public ::testing::Test {
 protected:
  CgroupV2Limits() {
    for (const char* file : {"memory.max", "memory.low", "memory.swap.max", "cpu.weight",
                             "cpu.idle", "cpu.max", "cpu.max.burst"}) {
      Put(file, "");
    }
  }
  void Put(const char* file, const char* text) { WriteFile(temp_.File(file), text); }
  [[nodiscard]] std::string Get(const char* file) const { return ReadFile(temp_.File(file)); }
  [[nodiscard]] absl::Status Apply(const oci::CpuResources& cpu) const {
    oci::Resources resources;
    resources.cpu = cpu;
    return ApplyResources(cgroup_, resources);
  }
  [[nodiscard]] absl::Status Apply(const oci::MemoryResources& memory) const {
    oci::Resources resources;
    resources.memory = memory;
    return ApplyResources(cgroup_, resources);
  }

  base::testing::TempDir temp_;
  Cgroup cgroup_{.version = CgroupVersion::kV2, .controllers = {}, .unified = temp_.path()};
};

TEST_F(CgroupV2Limits, ANewPeriodKeepsTheQuota) {
  Put("cpu.max", "50000 100000\n");
  EXPECT_EQ(Apply(oci::CpuResources{.period = 200000}), absl::OkStatus());
  EXPECT_EQ(Get("cpu.max"), "50000 200000\n");
  Put("cpu.max", "max 100000\n");
  EXPECT_EQ(Apply(oci::CpuResources{.quota = 0, .period = 200000}), absl::OkStatus());
  EXPECT_EQ(Get("cpu.max"), "max 200000\n");
}

TEST_F(CgroupV2Limits, AQuotaStandsAloneOrWithItsPeriod) {
  EXPECT_EQ(Apply(oci::CpuResources{.quota = 5000, .period = 0}), absl::OkStatus());
  EXPECT_EQ(Get("cpu.max"), "5000");
  Put("cpu.max", "");
  EXPECT_EQ(Apply(oci::CpuResources{.quota = -1, .period = 100000}), absl::OkStatus());
  EXPECT_EQ(Get("cpu.max"), "max 100000");
}

TEST_F(CgroupV2Limits, AnIdleCgroupGetsNoWeight) {
  EXPECT_EQ(Apply(oci::CpuResources{.shares = 1024, .idle = 1}), absl::OkStatus());
  EXPECT_EQ(Get("cpu.idle"), "1");
  EXPECT_EQ(Get("cpu.weight"), "");
  EXPECT_EQ(Apply(oci::CpuResources{.shares = 1024, .idle = 0}), absl::OkStatus());
  EXPECT_EQ(Get("cpu.idle"), "0");
  EXPECT_EQ(Get("cpu.weight"), "39");
}

TEST_F(CgroupV2Limits, ABurstIsSet) {
  EXPECT_EQ(Apply(oci::CpuResources{.quota = 5000, .burst = 1000}), absl::OkStatus());
  EXPECT_EQ(Get("cpu.max.burst"), "1000");
  EXPECT_EQ(Get("cpu.max"), "5000");
}

TEST_F(CgroupV2Limits, SwapIsWhatGoesBeyondTheMemory) {
  EXPECT_EQ(Apply(oci::MemoryResources{.limit = 1000, .swap = 1500}), absl::OkStatus());
  EXPECT_EQ(Get("memory.max"), "1000");
  EXPECT_EQ(Get("memory.swap.max"), "500");
  Put("memory.swap.max", "");
  Put("memory.max", "700\n");
  EXPECT_EQ(Apply(oci::MemoryResources{.swap = 1500}), absl::OkStatus());
  EXPECT_EQ(Get("memory.max"), "700\n") << "not mentioned";
  EXPECT_EQ(Get("memory.swap.max"), "800");
}

TEST_F(CgroupV2Limits, WithoutALimitOfMemoryThereIsNoneOfSwap) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(Apply(oci::MemoryResources{.limit = -1, .swap = kMost}), absl::OkStatus());
  EXPECT_EQ(Get("memory.max"), "max");
  EXPECT_EQ(Get("memory.swap.max"), "max");
  Put("memory.swap.max", "");
  Put("memory.max", "max\n");
  EXPECT_EQ(Apply(oci::MemoryResources{.limit = 0, .swap = 1500}), absl::OkStatus());
  EXPECT_EQ(Get("memory.max"), "max\n") << "0 is unset";
  EXPECT_EQ(Get("memory.swap.max"), "max");
}

TEST_F(CgroupV2Limits, LessMemoryAndSwapThanMemoryIsRefused) {
  EXPECT_EQ(Apply(oci::MemoryResources{.limit = 1000, .swap = 999}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Get("memory.max"), "") << "nothing is done by halves";
  Put("memory.max", "1000\n");
  EXPECT_EQ(Apply(oci::MemoryResources{.swap = 999}).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CgroupV2Limits, WhereThereIsNoSwapNoneNeedsToBeLimited) {
  std::filesystem::remove(temp_.File("memory.swap.max"));
  EXPECT_EQ(Apply(oci::MemoryResources{.limit = 1000, .swap = 1000}), absl::OkStatus());
  EXPECT_EQ(Apply(oci::MemoryResources{.limit = 1000, .swap = -1}), absl::OkStatus());
  EXPECT_EQ(Apply(oci::MemoryResources{.limit = 1000, .swap = 1001}).code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace container
