// SPDX-License-Identifier: Apache-2.0
// The oci backend against engines that do what real ones do rarely.
#include "reference-shim/backends/oci/oci_backend.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "container/cgroup.h"
#include "container/recorded_process.h"
#include "oci/bundle.h"
#include "oci/minimal_spec.h"
#include "reference-shim/backends/oci/engine_options.h"
#include "reference-shim/backends/testing/backend_world.h"
#include "reference-shim/backends/testing/fake_engine.h"

namespace backends {
namespace {

using ::base::testing::ReadFile;
using ::base::testing::WriteFile;
using ::testing::AllOf;
using testing::Answer;
using testing::BackendWorld;
using testing::Container;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::ExecInContainer;
using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ProcessJson;
using ::testing::StartsWith;

// A container that is one sleeping process; the engine's shell leaves it to the subreaper.
constexpr char kCreateSleeper[] = R"(
  create|restore) sleep 1000 & printf %s $! > "$pid_file";;)";

class OciBackendTest : public ::testing::Test {
 protected:
  FakeEngine MakeEngine(const std::string& cases, absl::string_view name = "runc") {
    return FakeEngine(world_.temp().path(), name, cases);
  }
  // A container of the fake engine.
  std::unique_ptr<Container> MakeContainer(const FakeEngine& engine) {
    auto container = std::make_unique<Container>(world_, "c", "pause");
    container->options = world_.Options(engine.path());
    return container;
  }
  absl::Status Reclaim(const std::string& id, const std::string& bundle) {
    Answer<absl::Status> answer;
    world_.backend().Reclaim({.id = id, .bundle = bundle}, answer.Expect());
    return world_.Await(answer);
  }
  absl::StatusOr<std::string> Features(const std::string& binary) {
    Answer<absl::StatusOr<std::string>> answer;
    world_.backend().Features(world_.Options(binary), answer.Expect());
    return world_.Await(answer);
  }

  base::testing::LeakGuard leak_guard_;
  BackendWorld world_{BackendEntry{"oci", &MakeOciBackend}};
};

TEST_F(OciBackendTest, AnInitThatIsReapedBeforeItsPidIsKnownIsNotLost) {
  // The init ends only after its parent, which might otherwise reap it.
  const FakeEngine engine = MakeEngine(R"(
    create) mkfifo gate
            (sh -c 'read line < gate; exit 5' & printf %s $! > "$pid_file"; )
            echo > gate
            while kill -0 $(cat "$pid_file") 2>/dev/null; do :; done;;)");
  const auto container = MakeContainer(engine);
  const absl::Status status = container->Create();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_FALSE(container->exited()) << "never before the completion of Create";
  EXPECT_EQ(container->AwaitExit(), 5U);
  EXPECT_EQ(container->Signal(SIGKILL).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(container->Pids(), IsEmpty());
}

TEST_F(OciBackendTest, AnInitThatWasNeverOursEndsWithAnUnknownStatus) {
  const FakeEngine engine = MakeEngine(R"(
    create) sh -c 'exit 5' & printf %s $! > "$pid_file"; wait $!; exit 0;;)");
  const auto container = MakeContainer(engine);
  ASSERT_TRUE(container->Create().ok());
  EXPECT_EQ(container->AwaitExit(), 255U) << "EXIT-04";
}

TEST_F(OciBackendTest, AnEngineThatMadeNothingIsUndone) {
  const FakeEngine engine = MakeEngine("create) exit 0;;");
  const auto container = MakeContainer(engine);
  const absl::Status status = container->Create();
  EXPECT_THAT(std::string(status.message()), HasSubstr("init.pid"));
  EXPECT_THAT(engine.Calls(), ElementsAre(StartsWith("create --bundle "),
                                          StartsWith("delete --force shimgauge-test-")));
}

TEST_F(OciBackendTest, AStalePidIsNotTakenForTheNewProcess) {
  const FakeEngine engine = MakeEngine(R"(
    create) sleep 1000 & printf %s $! > "$pid_file";;
    exec) exit 0;;)");
  const auto container = MakeContainer(engine);
  ASSERT_TRUE(container->Create().ok());
  WriteFile(container->bundle() + "/e.pid", absl::StrCat(::getpid()));
  ExecInContainer exec(world_, *container, "e", ProcessJson({"/pause"}));
  EXPECT_FALSE(exec.Start().ok());
}

TEST_F(OciBackendTest, AnEngineKilledInCreateIsReportedAndUndone) {
  const FakeEngine engine = MakeEngine("create) kill -KILL $$;;");
  const auto container = MakeContainer(engine);
  EXPECT_THAT(std::string(container->Create().message()),
              HasSubstr("create failed: killed by signal 9 (Killed)"));
  EXPECT_THAT(engine.Calls(), ::testing::SizeIs(2));
}

TEST_F(OciBackendTest, WithoutAnEngineCreateNamesIt) {
  Container container(world_, "c", "pause");
  container.options = world_.Options("no-such-engine");
  EXPECT_THAT(std::string(container.Create().message()), HasSubstr("\"no-such-engine\""));
}

TEST_F(OciBackendTest, OptionsOfAnotherTypeFailBeforeAnythingIsDone) {
  Container container(world_, "c", "pause");
  container.options = {.type_url = "some.Options", .value = "x"};
  EXPECT_EQ(container.Create().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(container.bundle() + "/options.json"));
}

TEST_F(OciBackendTest, TheProcessOfAnExecIsHandedOverInAFileThatGoes) {
  const FakeEngine engine = MakeEngine(absl::StrCat(kCreateSleeper, R"(
    exec) cp -p "$process" ")",
                                                    world_.temp().path(), R"(/seen"
          sh -c 'exit 3' & printf %s $! > "$pid_file";;)"));
  const auto container = MakeContainer(engine);
  ASSERT_TRUE(container->Create().ok());
  const std::string process = ProcessJson({std::string(300'000, 'x')});
  ExecInContainer exec(world_, *container, "e", process);
  ASSERT_TRUE(exec.Start().ok());
  EXPECT_EQ(exec.AwaitExit(), 3U);
  EXPECT_EQ(ReadFile(world_.temp().File("seen")), process) << "EXEC-10";
  EXPECT_EQ(std::filesystem::status(world_.temp().File("seen")).permissions(),
            std::filesystem::perms(0600));
  EXPECT_FALSE(std::filesystem::exists(container->bundle() + "/e.process.json"));
  EXPECT_THAT(engine.Calls().back(),
              AllOf(StartsWith(absl::StrCat("exec --process ", container->bundle())),
                    HasSubstr(" --detach --pid-file "), EndsWith("-c")));
}

TEST_F(OciBackendTest, AnUpdateReachesTheEngineOnStdin) {
  const FakeEngine engine = MakeEngine(absl::StrCat(kCreateSleeper, R"(
    update) cat > ")",
                                                    world_.temp().path(), "/seen\";;"));
  const auto container = MakeContainer(engine);
  ASSERT_TRUE(container->Create().ok());
  EXPECT_TRUE(container->Update("{\"pids\":{\"limit\":7}}").ok());
  EXPECT_EQ(ReadFile(world_.temp().File("seen")), "{\"pids\":{\"limit\":7}}");
  EXPECT_THAT(engine.Calls().back(), StartsWith("update --resources=- "));
}

TEST_F(OciBackendTest, ARestoreHappensAtStart) {
  const FakeEngine engine = MakeEngine(kCreateSleeper);
  const auto container = MakeContainer(engine);
  container->checkpoint = "/image";
  ASSERT_TRUE(container->Create().ok());
  EXPECT_EQ(container->workload().pid(), 0) << "CKPT-05";
  EXPECT_THAT(engine.Calls(), IsEmpty());
  EXPECT_EQ(container->Sample().status().code(), absl::StatusCode::kNotFound);
  const auto pid = container->Start();
  ASSERT_TRUE(pid.ok()) << pid.status();
  EXPECT_EQ(*pid, container->workload().pid());
  EXPECT_THAT(engine.Calls(), ElementsAre(StartsWith("restore --image-path /image --detach")));
}

TEST_F(OciBackendTest, AFailedCheckpointNamesTheLogAndHarmsNothing) {
  const FakeEngine engine = MakeEngine(absl::StrCat(kCreateSleeper, R"(
    checkpoint) echo "criu not found" >&2; exit 1;;)"));
  const auto container = MakeContainer(engine);
  ASSERT_TRUE(container->Create().ok());
  Answer<absl::Status> answer;
  container->workload().Checkpoint({.path = "/image", .options = {}}, answer.Expect());
  EXPECT_THAT(std::string(world_.Await(answer).message()),
              AllOf(HasSubstr("criu not found"), HasSubstr("criu-dump.log")))
      << "CKPT-04";
  EXPECT_TRUE(container->Signal(0).ok());
}

TEST_F(OciBackendTest, AnEngineThatIsMoreThanProcessesIsAskedToSignal) {
  const FakeEngine engine = MakeEngine(absl::StrCat(kCreateSleeper, R"(
    kill) case "$*" in
            *" 15") echo "container is not running" >&2; exit 1;;
            *" 12") echo "out of order" >&2; exit 1;;
          esac;;)"),
                                       "sandbox");
  const auto container = MakeContainer(engine);
  ASSERT_TRUE(container->Create().ok());
  EXPECT_TRUE(container->Signal(10).ok());
  EXPECT_TRUE(container->Signal(10, shim::SignalScope::kAll).ok());
  EXPECT_EQ(container->Signal(15).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(container->Signal(12).code(), absl::StatusCode::kUnknown);
  const auto calls = engine.Calls();
  ASSERT_THAT(calls, ::testing::SizeIs(5));
  EXPECT_THAT(calls[1], AllOf(StartsWith("kill shimgauge-test-"), EndsWith(" 10")));
  EXPECT_THAT(calls[2], AllOf(StartsWith("kill --all "), EndsWith(" 10")));
}

TEST_F(OciBackendTest, DeleteForgivesAnEngineThatForgot) {
  const FakeEngine engine = MakeEngine(absl::StrCat(kCreateSleeper, R"(
    delete) echo "container does not exist" >&2; exit 1;;)"));
  const auto container = MakeContainer(engine);
  ASSERT_TRUE(container->Create().ok());
  EXPECT_TRUE(container->Delete().ok()) << "DELETE-09";
}

TEST_F(OciBackendTest, AFailedDeleteCanBeRepeated) {
  const FakeEngine engine =
      MakeEngine(absl::StrCat(kCreateSleeper, R"(
    delete) if ! [ -e ")",
                              world_.temp().path(), R"(/once" ]; then
              touch ")",
                              world_.temp().path(), R"(/once"; echo "busy" >&2; exit 1
            fi;;)"));
  const auto container = MakeContainer(engine);
  ASSERT_TRUE(container->Create().ok());
  EXPECT_THAT(std::string(container->Delete().message()), HasSubstr("busy"));
  EXPECT_EQ(container->AwaitExit(), 128U + SIGKILL);
  EXPECT_TRUE(container->Delete().ok()) << "DELETE-10";
}

TEST_F(OciBackendTest, FeaturesAreTheEnginesOwnWords) {
  EXPECT_EQ(Features(MakeEngine("features) echo '{}';;").path()).value(), "{}\n");
  EXPECT_EQ(Features(MakeEngine("features) exit 1;;").path()).value(), "") << "INFO-05";
  EXPECT_EQ(Features("no-such-engine").status().code(), absl::StatusCode::kNotFound);
}

// What a killed shim leaves: a process, its pid file, options that name an engine.
class ReclaimTest : public OciBackendTest {
 protected:
  ReclaimTest() {
    std::filesystem::create_directories(bundle_);
    std::filesystem::create_directories(state_);
    WriteFile(state_ + "/state.json", "{}");
    base::SpawnSpec spec{
        .path = "/bin/sleep", .argv = {"sleep", "1000"}, .env = {}, .cwd = "", .fds = {}};
    init_ = *base::Spawn(spec);
    EXPECT_TRUE(container::WritePidFile(bundle_ + "/init.pid", init_.pid).ok());
  }
  void UseEngine(const std::string& binary) {
    EXPECT_TRUE(
        SaveEngineOptions(bundle_, {.binary = binary, .root = world_.temp().File("engine")}).ok());
  }
  // Reaps it too.
  void ExpectInitEnded() {
    EXPECT_TRUE(base::HasExited(init_.pidfd));
    if (!base::HasExited(init_.pidfd)) (void)base::SendSignal(init_.pidfd, SIGKILL);
    world_.RunReady();
    init_.pidfd.reset();
  }

  std::string bundle_ = world_.temp().File("bundle");
  std::string state_ = world_.EngineRoot() + "/c";
  base::Child init_;
};

TEST_F(ReclaimTest, WithoutTheEngineInitAndStateAreRemovedByHand) {
  UseEngine("no-such-engine");
  EXPECT_TRUE(Reclaim("c", bundle_).ok());
  EXPECT_FALSE(std::filesystem::exists(state_));
  ExpectInitEnded();
}

TEST_F(ReclaimTest, AHangingEngineIsNotWaitedForLong) {
  const FakeEngine engine = MakeEngine("delete) exec sleep 1000;;");
  UseEngine(engine.path());
  EXPECT_TRUE(Reclaim("c", bundle_).ok()) << "DEL-05";
  EXPECT_FALSE(std::filesystem::exists(state_));
  ExpectInitEnded();
}

TEST_F(ReclaimTest, AnEngineThatHasForgottenALivingContainerIsHelped) {
  const FakeEngine engine = MakeEngine("delete) exit 0;;");
  UseEngine(engine.path());
  EXPECT_TRUE(Reclaim("c", bundle_).ok());
  EXPECT_THAT(engine.Calls(), ElementsAre("delete --force c"));
  ExpectInitEnded();
}

TEST_F(ReclaimTest, TheCgroupOfACreateThatWasCutOffIsRemoved) {
  const FakeEngine engine = MakeEngine("delete) exit 0;;");
  UseEngine(engine.path());
  ASSERT_TRUE(Reclaim("c", bundle_).ok());
  ExpectInitEnded();
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a cgroup";
  oci::Spec spec = oci::MinimalLinuxSpec({"/pause"});
  spec.linux.cgroups_path = absl::StrCat("/shimgauge-test-", ::getpid(), "-cut");
  const std::string bundle = world_.temp().File("cut");
  ASSERT_TRUE(oci::WriteBundle(bundle, spec).ok());
  const container::Cgroup cgroup =
      container::CgroupMounts::Read()->Resolve(spec.linux.cgroups_path).value();
  ASSERT_TRUE(container::Make(cgroup).ok());
  EXPECT_TRUE(Reclaim("cut", bundle).ok());
  EXPECT_FALSE(container::Exists(cgroup)) << "LEAK-04";
}

TEST_F(ReclaimTest, UnreadableOptionsCountAsNone) {
  UseEngine("no-such-engine");
  WriteFile(bundle_ + "/options.json", "nonsense");
  EXPECT_TRUE(Reclaim("c", bundle_).ok());
  ExpectInitEnded();
}

TEST_F(ReclaimTest, AnIdThatIsAPathRemovesNothing) {
  UseEngine("no-such-engine");
  EXPECT_TRUE(Reclaim("../test/c", bundle_).ok());
  EXPECT_TRUE(std::filesystem::exists(state_));
  ExpectInitEnded();
}

}  // namespace
}  // namespace backends
