// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing/temp_dir.h"
#include "runc/options.pb.h"

namespace backends {
namespace {

using ::base::testing::ReadFile;
using ::base::testing::TempDir;
using ::base::testing::WriteFile;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

shim::Opaque Packed(const containerd::runc::v1::CheckpointOptions& options) {
  return {.type_url = options.GetTypeName(), .value = options.SerializeAsString()};
}

TEST(Checkpoint, WithoutOptionsTheTaskKeepsRunning) {
  const auto plan = PlanCheckpoint("c", "/no/bundle", {}, {.path = "/image", .options = {}});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->command.flags, ElementsAre("--image-path", "/image", "--work-path",
                                               "/no/bundle/criu-work", "--leave-running"))
      << "CKPT-02";
  EXPECT_THAT(plan->command.arguments, ElementsAre("c"));
  EXPECT_TRUE(plan->work_is_ours);
}

TEST(Checkpoint, EveryOptionBecomesItsFlag) {
  containerd::runc::v1::CheckpointOptions options;
  options.set_exit(true);
  options.set_open_tcp(true);
  options.set_external_unix_sockets(true);
  options.set_terminal(true);
  options.set_file_locks(true);
  options.add_empty_namespaces("network");
  options.set_cgroups_mode("soft");
  options.set_image_path("/from/options");
  options.set_work_path("/work");
  options.set_parent_path("/parent");
  const auto plan = PlanCheckpoint("c", "/b", {}, {.path = "", .options = Packed(options)});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(
      plan->command.flags,
      ElementsAre("--image-path", "/from/options", "--work-path", "/work", "--tcp-established",
                  "--ext-unix-sk", "--shell-job", "--file-locks", "--empty-ns", "network",
                  "--manage-cgroups-mode", "soft", "--parent-path", "/parent"));
  EXPECT_FALSE(plan->work_is_ours);
}

TEST(Checkpoint, TheOptionsOfCreateAreTheLastResort) {
  const EngineOptions engine{.criu_image_path = "/image", .criu_work_path = "/work"};
  const auto plan = PlanCheckpoint("c", "/b", engine, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->command.flags,
              ElementsAre("--image-path", "/image", "--work-path", "/work", "--leave-running"));
  EXPECT_EQ(PlanCheckpoint("c", "/b", {}, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      PlanCheckpoint("c", "/b", {}, {.path = "/i", .options = {.type_url = "x", .value = "y"}})
          .status()
          .code(),
      absl::StatusCode::kInvalidArgument);
}

TEST(Checkpoint, AFailurePreservesTheLogAndNamesIt) {
  const TempDir bundle;
  std::filesystem::create_directories(bundle.File("work/criu-work"));
  WriteFile(bundle.File("work/criu-work/dump.log"), "what CRIU said");
  const auto plan = PlanCheckpoint("c", bundle.path(), {}, {.path = "/image", .options = {}});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->work_path, bundle.File("work/criu-work"));
  const absl::Status status =
      FinishCheckpoint(*plan, bundle.path(), absl::UnknownError("no criu here"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("no criu here"), HasSubstr(bundle.File("criu-dump.log"))))
      << "CKPT-04";
  EXPECT_EQ(ReadFile(bundle.File("criu-dump.log")), "what CRIU said");
  EXPECT_FALSE(std::filesystem::exists(bundle.File("work/criu-work")));
  EXPECT_TRUE(FinishCheckpoint(*plan, bundle.path(), absl::OkStatus()).ok());
}

TEST(Checkpoint, RestoreDetaches) {
  EXPECT_THAT(
      RestoreCommand("c", "/b", {.no_pivot_root = true, .criu_work_path = "/w"}, "/i").flags,
      ElementsAre("--image-path", "/i", "--work-path", "/w", "--detach", "--no-subreaper",
                  "--bundle", "/b", "--no-pivot"));
}

}  // namespace
}  // namespace backends
