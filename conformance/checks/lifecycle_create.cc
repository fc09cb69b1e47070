// SPDX-License-Identifier: Apache-2.0
// Contract §4.4, Create that succeeds. Create that fails: lifecycle_failed_create.cc.
#include <absl/strings/str_cat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "conformance/checks/lifecycle.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/mount_table.h"
#include "runc/options.pb.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using CreateTaskRequest = ::containerd::task::v3::CreateTaskRequest;

// For CreateOptions::edit_request: `edit` changes the decoded request.
template <typename Edit>
std::function<std::string(std::string)> Edited(Edit edit) {
  return [edit](const std::string& serialized) {
    CreateTaskRequest request;
    request.ParseFromString(serialized);
    edit(request);
    return request.SerializeAsString();
  };
}

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

void ExpectRuns(CheckContext& check, const Task& task) {
  check.Require(task.Start());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(9)));
}

void RootfsIsMountedUntilDelete(CheckContext& check) {
  const Task task = check.Create(Program("exit_code", "9"));
  const std::string rootfs = task.bundle().path + "/rootfs";
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), Contains(rootfs),
                    {.text = "Create mounts its rootfs entry", .code = why::kProcessState});
  ExpectRuns(check, task);
  check.Require(task.Delete());
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), IsEmpty(),
                    {.text = "Delete unmounts what Create mounted",
                     .code = why::kLeftMount,
                     .requirement = "DELETE-01"});
}

void EveryEntryIsMountedInOrder(CheckContext& check) {
  const std::string empty = check.ScratchDirectory() + "/empty";
  std::filesystem::create_directory(empty);
  // In any other order the empty directory hides the program.
  const auto put_an_empty_root_below = [&](CreateTaskRequest& request) {
    auto* mount = request.add_rootfs();
    mount->set_type("bind");
    mount->set_source(empty);
    mount->add_options("rbind");
    mount->add_options("rw");
    for (int i = request.rootfs_size() - 1; i > 0; --i) {
      request.mutable_rootfs()->SwapElements(i, i - 1);
    }
  };
  const Task task =
      check.Create(Program("exit_code", "9"), {.edit_request = Edited(put_an_empty_root_below)});
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), SizeIs(2),
                    {.text = "both entries are mounted", .code = why::kProcessState});
  ExpectRuns(check, task);
  check.Require(task.Delete());
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), IsEmpty(),
                    {.code = why::kLeftMount, .requirement = "DELETE-01"});
}

void MountOptionsAreHonoured(CheckContext& check) {
  const auto put_a_small_tmpfs_below = [](CreateTaskRequest& request) {
    auto* mount = request.add_rootfs();
    mount->set_type("tmpfs");
    mount->set_source("tmpfs");
    mount->add_options("size=1m");
    for (int i = request.rootfs_size() - 1; i > 0; --i) {
      request.mutable_rootfs()->SwapElements(i, i - 1);
    }
  };
  const Task task =
      check.Create(Program("exit_code", "9"), {.edit_request = Edited(put_a_small_tmpfs_below)});
  std::string options;
  for (const MountEntry& mount : check.Require(ReadMountTable(), {.code = why::kHarness})) {
    const bool ours = mount.mount_point == task.bundle().path + "/rootfs";
    if (ours && mount.fs_type == "tmpfs" && mount.source == "tmpfs")
      options += mount.super_options + " ";
  }
  check.EXPECT_THAT(
      options, ::testing::HasSubstr("size=1024k"),
      {.text = "options of a tmpfs that was asked for with size=1m", .code = why::kProcessState});
  ExpectRuns(check, task);
}

void WithoutMountsTheSpecsRootIsUsed(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "9"));
  const std::string path = bundle.path + "/config.json";
  std::ifstream in(path);
  nlohmann::json config = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  in.close();
  config["root"]["path"] = bundle.rootfs_source;
  std::ofstream(path) << config.dump();

  const Task task =
      check.Create(Program("exit_code", "9"), {.existing_bundle = bundle, .mount_rootfs = false});
  check.EXPECT_THAT(check.World().MountsBelow(bundle.path), IsEmpty(),
                    {.text = "nothing was asked to be mounted", .code = why::kProcessState});
  ExpectRuns(check, task);
}

void NothingRunsBeforeStart(CheckContext& check) {
  const Task task = check.Create(Program("print_args", "it-runs"));
  check.Linger(std::chrono::milliseconds(50));  // for what must not happen
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kCreated)),
                    {.code = why::kStateWrong});
  check.EXPECT_THAT(task.stdio().output(), Eq(""),
                    {.text = "the process may not run before Start", .code = why::kProcessState});
  check.Require(task.Start());
  check.EXPECT_THAT(task.stdio().AwaitOutput("it-runs"), Eq(true),
                    {.text = "the output has \"it-runs\"", .code = why::kOutputLost});
  check.Require(task.Wait());
  const std::vector<Event> events = EndTask(check, task);
  check.EXPECT_THAT(SurplusTopics(events, {"create", "start", "exit", "delete"}), IsEmpty(),
                    {.code = why::kEventUnexpected, .requirement = "CREATE-15"});
  check.EXPECT_THAT(Topics(events), Contains("create"),
                    {.code = why::kEventMissing, .requirement = "CREATE-15"});
}

void EmptyOptionsMeanDefaults(CheckContext& check) {
  const auto set_empty_options = [](CreateTaskRequest& request) {
    request.mutable_options()->set_type_url("containerd.runc.v1.Options");
    request.mutable_options()->clear_value();
  };
  ExpectRuns(check,
             check.Create(Program("exit_code", "9"), {.edit_request = Edited(set_empty_options)}));
}

void EngineStateDirectory(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  const std::string state =
      absl::StrCat("/run/containerd/runc/", check.Namespace(), "/", task.id());
  check.EXPECT_THAT(
      Exists(state), Eq(true),
      {.text = "operators find the engine's state at " + state, .code = why::kFileContent});
  EndTask(check, task);
  check.EXPECT_THAT(Exists(state), Eq(false),
                    {.text = "Delete removes the engine's state", .code = why::kLeftFile});
}

void EngineRootOption(CheckContext& check) {
  ::containerd::runc::v1::Options options;
  options.set_root(check.ScratchDirectory() + "/engine-root");
  const Task task =
      check.Create(Program("exit_code", "9"), {.runc_options = options.SerializeAsString()});
  const std::string state = absl::StrCat(options.root(), "/", check.Namespace(), "/", task.id());
  check.EXPECT_THAT(Exists(state), Eq(true),
                    {.text = "options.root is where the engine keeps its state: " + state,
                     .code = why::kFileContent});
  ExpectRuns(check, task);
}

}  // namespace

void AddCreateChecks(std::vector<Check>& checks) {
  checks.push_back({.id = "lifecycle/rootfs-is-mounted-until-delete",
                    .requirements = {"CREATE-01", "DELETE-01"},
                    .needs = ToNeeds(Need::kRootfsMounts),
                    .run = RootfsIsMountedUntilDelete});
  checks.push_back({.id = "lifecycle/every-rootfs-entry-is-mounted-in-order",
                    .requirements = {"CREATE-01", "DELETE-01"},
                    .needs = ToNeeds(Need::kRootfsMounts),
                    .run = EveryEntryIsMountedInOrder});
  checks.push_back({.id = "lifecycle/options-of-a-mount-are-honoured",
                    .requirements = {"CREATE-01"},
                    .needs = ToNeeds(Need::kRootfsMounts),
                    .run = MountOptionsAreHonoured});
  checks.push_back({.id = "lifecycle/without-mounts-the-root-of-the-spec-is-used",
                    .requirements = {"CREATE-03"},
                    .needs = ToNeeds(Need::kRootfsMounts),
                    .run = WithoutMountsTheSpecsRootIsUsed});
  checks.push_back({.id = "lifecycle/nothing-runs-before-start",
                    .requirements = {"CREATE-04", "CREATE-15"},
                    .run = NothingRunsBeforeStart});
  checks.push_back({.id = "lifecycle/empty-create-options-mean-defaults",
                    .requirements = {"CREATE-07"},
                    .run = EmptyOptionsMeanDefaults});
  checks.push_back({.id = "lifecycle/engine-state-lies-where-operators-look",
                    .requirements = {"CREATE-16", "UND-02"},
                    .level = Level::kShould,
                    .needs = ToNeeds(Need::kOciEngine),
                    .run = EngineStateDirectory});
  checks.push_back({.id = "lifecycle/the-engine-root-option-is-honoured",
                    .requirements = {"CREATE-06", "CREATE-16"},
                    .needs = ToNeeds(Need::kOciEngine),
                    .run = EngineRootOption});
}

}  // namespace conformance
