// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/resource_manager.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

namespace backends {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kMebibyte = 1ULL << 20;

// Writes down what it is asked for, and answers when it is told to.
class ScriptedHypervisor : public Hypervisor {
 public:
  [[nodiscard]] HypervisorCapabilities capabilities() const override {
    return {.block_hotplug = true, .hybrid_vsock = true, .resize = can_resize};
  }
  void OnExit(std::function<void()>) override {}
  void Start(shim::Done<> done) override { done(absl::OkStatus()); }
  void Stop(shim::Done<> done) override { done(absl::OkStatus()); }
  void Pause(shim::Done<> done) override { done(absl::OkStatus()); }
  void Resume(shim::Done<> done) override { done(absl::OkStatus()); }
  void Resize(std::uint32_t vcpus, std::uint64_t bytes, shim::Done<> done) override {
    calls.push_back(absl::StrCat("resize ", vcpus, " ", bytes / kMebibyte));
    if (hold) {
      held.push_back(std::move(done));
    } else {
      done(resize);
    }
  }
  void AddDevice(VmDevice device, shim::Done<std::string> done) override {
    calls.push_back(absl::StrCat("add ", device.path, device.readonly ? " ro" : ""));
    ids.push_back(device.id);
    done(bdf);
  }
  void RemoveDevice(std::string id, shim::Done<> done) override {
    calls.push_back(absl::StrCat("remove ", id));
    done(remove);
  }
  void Connect(std::uint32_t, shim::Done<base::UniqueFd> done) override {
    done(absl::UnimplementedError("no guest"));
  }
  void Check(shim::Done<> done) override { done(absl::OkStatus()); }
  [[nodiscard]] pid_t pid() const override { return 0; }
  [[nodiscard]] std::string DescribeEnd() override { return ""; }

  bool can_resize = true;
  bool hold = false;
  absl::Status resize;
  absl::Status remove;
  absl::StatusOr<std::string> bdf = "0000:00:05.0";
  std::vector<std::string> calls;
  std::vector<std::string> ids;
  std::vector<shim::Done<>> held;
};

oci::Resources Memory(std::int64_t mebibytes) {
  oci::Resources limits;
  limits.memory.emplace().limit = mebibytes * static_cast<std::int64_t>(kMebibyte);
  return limits;
}

oci::Resources Cpu(std::int64_t quota, std::uint64_t period) {
  oci::Resources limits;
  limits.cpu.emplace().quota = quota;
  limits.cpu->period = period;
  return limits;
}

class ResourceManagerTest : public ::testing::Test {
 protected:
  ResourceManagerTest() {
    config_.vcpus = 1;
    config_.vcpus_max = 4;
    config_.memory_mib = 256;
    config_.memory_mib_max = 1024;
  }

  absl::StatusOr<std::vector<GuestStorage>> Add(const std::string& id, const oci::Resources& limits,
                                                std::vector<GuestDisk> disks = {}) {
    absl::StatusOr<std::vector<GuestStorage>> result = absl::UnknownError("no answer");
    resources_.Add(id, limits, std::move(disks), [&](auto storages) { result = storages; });
    return result;
  }
  absl::Status Update(const std::string& id, const oci::Resources& limits,
                      absl::Status in_guest = absl::OkStatus()) {
    absl::Status result = absl::UnknownError("no answer");
    resources_.Update(
        id, limits,
        [&](shim::Done<> done) {
          hypervisor_.calls.emplace_back("guest");
          done(in_guest);
        },
        [&](absl::Status status) { result = std::move(status); });
    return result;
  }
  absl::Status Release(const std::string& id) {
    absl::Status result = absl::UnknownError("no answer");
    resources_.Release(id, [&](absl::Status status) { result = std::move(status); });
    return result;
  }
  std::vector<std::string> Calls() { return std::exchange(hypervisor_.calls, {}); }

  base::Log log_{STDERR_FILENO, base::LogLevel::kError};
  VmConfig config_;
  ScriptedHypervisor hypervisor_;
  ResourceManager resources_{hypervisor_, config_, log_, [] { return nullptr; }};
};

// --- size -----------------------------------------------------------------------------------

TEST_F(ResourceManagerTest, TheMachineIsAsLargeAsTheLimitsOfAll) {
  EXPECT_TRUE(Add("free", {}).ok());
  EXPECT_TRUE(Add("small", Memory(100)).ok());
  EXPECT_TRUE(Add("half", Cpu(50'000, 100'000)).ok());
  EXPECT_THAT(Calls(), IsEmpty()) << "it is that large";
  EXPECT_TRUE(Add("more", Memory(200)).ok());
  EXPECT_THAT(Calls(), ElementsAre("resize 1 384")) << "in blocks of 128 MiB";
  EXPECT_TRUE(Add("cpus", Cpu(160'000, 100'000)).ok());
  EXPECT_THAT(Calls(), ElementsAre("resize 3 384")) << "0.5 and 1.6";
  EXPECT_TRUE(Release("more").ok());
  EXPECT_THAT(Calls(), ElementsAre("resize 3 256"));
  EXPECT_TRUE(Release("cpus").ok());
  EXPECT_THAT(Calls(), ElementsAre("resize 1 256")) << "never below what is configured";
}

TEST_F(ResourceManagerTest, TheMachineIsNoLargerThanItMayBe) {
  EXPECT_TRUE(Add("huge", Memory(1 << 30)).ok());
  EXPECT_THAT(Calls(), ElementsAre("resize 1 1024"));
  EXPECT_TRUE(Add("many", Cpu(std::int64_t{1} << 62, 1)).ok());
  EXPECT_TRUE(Add("and", Cpu(std::int64_t{1} << 62, 1)).ok());
  EXPECT_THAT(Calls(), ElementsAre("resize 4 1024"));
}

TEST_F(ResourceManagerTest, AnUpdateGrowsBeforeTheGuestAndShrinksAfterIt) {
  ASSERT_TRUE(Add("c", {}).ok());
  EXPECT_TRUE(Update("c", Memory(512)).ok());
  EXPECT_THAT(Calls(), ElementsAre("resize 1 512", "guest"));
  EXPECT_TRUE(Update("c", Cpu(200'000, 100'000)).ok());
  EXPECT_THAT(Calls(), ElementsAre("resize 2 512", "guest")) << "memory stays as it was";
  EXPECT_TRUE(Update("c", Memory(300)).ok());
  EXPECT_THAT(Calls(), ElementsAre("guest", "resize 2 384"));
}

TEST_F(ResourceManagerTest, WhatFailsChangesNothing) {
  ASSERT_TRUE(Add("c", Memory(300)).ok());
  hypervisor_.resize = absl::InternalError("no more");
  EXPECT_EQ(Update("c", Memory(600)).message(), "no more");
  EXPECT_EQ(Add("d", Memory(600)).status().message(), "no more");
  EXPECT_TRUE(Release("d").ok());
  hypervisor_.resize = absl::OkStatus();
  Calls();
  EXPECT_EQ(Update("c", Memory(600), absl::InternalError("not in the guest")).message(),
            "not in the guest");
  EXPECT_THAT(Calls(), ElementsAre("resize 1 640", "guest", "resize 1 384")) << "300 MiB again";
}

TEST_F(ResourceManagerTest, ResizesGoOneByOne) {
  hypervisor_.hold = true;
  int answers = 0;
  for (const char* id : {"a", "b"}) {
    resources_.Add(id, Memory(300), {}, [&](const auto& storages) {
      EXPECT_TRUE(storages.ok());
      ++answers;
    });
  }
  EXPECT_THAT(Calls(), ElementsAre("resize 1 384"));
  std::exchange(hypervisor_.held, {})[0](absl::OkStatus());
  EXPECT_EQ(answers, 1);
  EXPECT_THAT(Calls(), ElementsAre("resize 1 640"));
  std::exchange(hypervisor_.held, {})[0](absl::OkStatus());
  EXPECT_EQ(answers, 2);
}

TEST_F(ResourceManagerTest, AMachineOfOneSizeRefusesWhatIsBeyondIt) {
  hypervisor_.can_resize = false;
  EXPECT_TRUE(Add("c", Memory(512)).ok()) << "what a limit beyond it says";
  EXPECT_TRUE(Update("c", Memory(400)).ok());
  EXPECT_TRUE(Update("c", Cpu(50'000, 100'000)).ok());
  const absl::Status refused = Update("c", Memory(800));
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("896 MiB"));
  EXPECT_THAT(Calls(), ElementsAre("guest", "guest"));
}

// --- disks ----------------------------------------------------------------------------------

GuestDisk Disk(const std::string& path, bool readonly = false) {
  GuestDisk disk{.path = path, .readonly = readonly, .storage = {}};
  disk.storage.mount_point = absl::StrCat("/guest", path);
  return disk;
}

TEST_F(ResourceManagerTest, DisksComeWithAContainerAndGoWithIt) {
  const auto storages = Add("c", {}, {Disk("/a"), Disk("/b", true)});
  ASSERT_TRUE(storages.ok()) << storages.status();
  ASSERT_EQ(storages->size(), 2U);
  EXPECT_EQ((*storages)[0].source, "05");
  EXPECT_EQ((*storages)[1].mount_point, "/guest/b");
  ASSERT_TRUE(Add("d", {}, {Disk("/a")}).ok());
  EXPECT_THAT(Calls(), ElementsAre("add /a", "add /b ro", "add /a"));
  const std::vector<std::string> ids = hypervisor_.ids;
  hypervisor_.remove = absl::InternalError("busy");
  EXPECT_TRUE(Release("c").ok()) << "it goes with the machine";
  EXPECT_THAT(Calls(), ElementsAre("remove " + ids[1], "remove " + ids[0]));
  EXPECT_TRUE(Release("c").ok());
  EXPECT_THAT(Calls(), IsEmpty());
}

TEST_F(ResourceManagerTest, ADiskWithoutAPlaceIsAFailureAndTakenBack) {
  for (const absl::StatusOr<std::string>& answer :
       {absl::StatusOr<std::string>("nowhere"),
        absl::StatusOr<std::string>(absl::InternalError("no slot"))}) {
    hypervisor_.bdf = answer;
    const auto storages = Add("c", {}, {Disk("/a"), Disk("/b")});
    EXPECT_THAT(std::string(storages.status().message()),
                HasSubstr(answer.ok() ? "disk /a: the place of a device" : "disk /a: no slot"));
    EXPECT_THAT(Calls(), ElementsAre("add /a"));
    EXPECT_TRUE(Release("c").ok());
    EXPECT_THAT(Calls(), ElementsAre("remove " + hypervisor_.ids.back()));
  }
}

}  // namespace
}  // namespace backends
