// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_backend.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/pidfd.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "container/mount_table.h"
#include "metrics/v1/metrics.pb.h"
#include "reference-shim/backends/testing/backend_world.h"
#include "reference-shim/backends/vm/http_call.h"
#include "reference-shim/backends/vm/testing/scripted_vmm.h"
#include "reference-shim/backends/vm/vm_files.h"
#include "runtimeoptions/v1/options.pb.h"

namespace backends {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;
using ::testing::AllOf;
using testing::BackendWorld;
using testing::Container;
using testing::ExecInContainer;
using ::testing::HasSubstr;
using testing::ProcessJson;
using ::testing::StartsWith;

std::string Self() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

// The backend with a hypervisor that does what its arguments say (testing/scripted_vmm.h). Ends
// with the proof that nothing was left, in a /run and among mounts that no other process adds to.
class VmBackendTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), 0);
    world_.emplace(BackendEntry{"vm", &MakeVmBackend});
  }

  void TearDown() override {
    if (!world_.has_value()) return;
    world_.reset();
    EXPECT_FALSE(std::filesystem::exists("/run/shimgauge-vm")) << "files of a VM";
    const auto mounts = container::ReadMountTable();
    ASSERT_TRUE(mounts.ok());
    for (const container::MountEntry& mount : *mounts) {
      EXPECT_THAT(mount.mount_point,
                  ::testing::Not(HasSubstr(absl::StrCat("shimgauge-test-", ::getpid(), "-"))));
    }
    EXPECT_EQ(::umount2("/run", MNT_DETACH), 0);
  }

  // A container in a VM of that behaviour, of the pod `pod` if it is named.
  std::unique_ptr<Container> Make(const std::string& id, const std::vector<std::string>& words,
                                  const std::string& pod = "", const std::string& tables = "") {
    auto made = std::make_unique<Container>(*world_, id, "exit_code");
    runtimeoptions::v1::Options options;
    options.set_config_body(absl::StrCat(
        "[hypervisor]\npath = \"", Self(), "\"\nkernel = \"", Self(), "\"\nimage = \"", Self(),
        "\"\narguments = [\"", absl::StrJoin(words, "\", \""), "\"]\n[timeouts]\nlaunch = 400\n",
        "boot = 400\nagent = 400\nstop = 400\napi = 300\ncall = 1000\n", tables));
    made->options = {.type_url = "runtimeoptions.v1.Options", .value = options.SerializeAsString()};
    if (!pod.empty()) {
      made->spec.annotations["io.kubernetes.cri.sandbox-id"] =
          absl::StrCat("shimgauge-test-", ::getpid(), "-", pod);
    }
    return made;
  }

  // The sandbox of the pod `pod`, a VM of that behaviour, in a bundle of its own.
  std::unique_ptr<shim::SandboxWorkload> MakePod(const std::string& pod,
                                                 const std::vector<std::string>& words) {
    const std::string id = absl::StrCat("shimgauge-test-", ::getpid(), "-", pod);
    pod_bundle_ = world_->temp().File(id);
    std::filesystem::create_directory(pod_bundle_);
    auto made =
        world_->backend().MakeSandbox({.id = id,
                                       .bundle = pod_bundle_,
                                       .options = Make("unused", words)->options,
                                       .annotations = {},
                                       .network = "",
                                       .on_end = [this](unsigned status) { pod_ended_ = status; }});
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *std::move(made) : nullptr;
  }
  absl::StatusOr<pid_t> StartPod(shim::SandboxWorkload& pod) {
    testing::Answer<absl::StatusOr<pid_t>> answer;
    pod.Start(answer.Expect());
    return world_->Await(answer);
  }
  absl::Status StopPod(shim::SandboxWorkload& pod) {
    testing::Answer<absl::Status> answer;
    pod.Stop(answer.Expect());
    return world_->Await(answer);
  }

  // What the management endpoint of the one VM says.
  absl::StatusOr<HttpReply> Ask(const std::string& method, const std::string& target,
                                const std::string& body = "") {
    HttpCall call(world_->loop());
    testing::Answer<absl::StatusOr<HttpReply>> answer;
    call.Run(ManagementPath(), {.method = method, .path = target, .body = body},
             std::chrono::seconds(20), answer.Expect());
    return world_->Await(answer);
  }
  static std::string ManagementPath() {
    for (const auto& vm : std::filesystem::directory_iterator("/run/shimgauge-vm")) {
      return (vm.path() / "shim-monitor.sock").string();
    }
    return "";
  }

  // Why a container cannot be made, in bounded time.
  std::string WhyNot(const std::vector<std::string>& words) {
    const auto container = Make(absl::StrCat("failing-", words[0]), words);
    const steady_clock::time_point begun = steady_clock::now();
    const absl::Status status = container->Create();
    EXPECT_FALSE(status.ok());
    EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(5));
    EXPECT_FALSE(HasVmRecord(container->bundle()));
    return std::string(status.message());
  }

  base::testing::LeakGuard leak_guard_;
  std::optional<BackendWorld> world_;
  std::string pod_bundle_;
  std::optional<unsigned> pod_ended_;
};

TEST_F(VmBackendTest, AContainerRunsToItsEnd) {
  const auto container = Make("one", {});
  ASSERT_TRUE(container->Create().ok());
  const pid_t pid = container->workload().pid();
  EXPECT_GT(pid, 0);
  EXPECT_TRUE(HasVmRecord(container->bundle()));
  EXPECT_EQ(container->Start().value_or(-1), pid);
  EXPECT_EQ(container->AwaitExit(), 7U);
  EXPECT_THAT(container->Output(), StartsWith("shimgauge-test-"));
  EXPECT_TRUE(container->Delete().ok());
  EXPECT_FALSE(HasVmRecord(container->bundle()));
  EXPECT_FALSE(base::OpenPidfd(pid).ok()) << "the hypervisor runs on";
}

TEST_F(VmBackendTest, ContainersOfAPodShareOneVm) {
  const auto pause = Make("pause", {"run"}, "pod");
  const auto app = Make("app", {"run"}, "pod");
  ASSERT_TRUE(pause->Create().ok());
  ASSERT_TRUE(app->Create().ok());
  EXPECT_EQ(pause->workload().pid(), app->workload().pid());
  ASSERT_TRUE(app->Start().ok());
  EXPECT_TRUE(app->Signal(SIGTERM).ok());
  EXPECT_EQ(app->AwaitExit(), 128U + SIGTERM);
  EXPECT_TRUE(absl::IsNotFound(app->Signal(SIGTERM)));
  base::testing::WriteFile(app->bundle() + "/init.pid", "1");  // as the shim does
  EXPECT_TRUE(app->Delete().ok());
  EXPECT_FALSE(std::filesystem::exists(app->bundle() + "/init.pid")) << "`delete` would kill it";
  EXPECT_TRUE(base::OpenPidfd(pause->workload().pid()).ok()) << "the pod's VM has ended";
  EXPECT_TRUE(pause->Delete().ok());
}

TEST_F(VmBackendTest, ASandboxIsTheVmOfItsContainers) {
  const auto pod = MakePod("pod", {"run"});
  const absl::StatusOr<pid_t> pid = StartPod(*pod);
  ASSERT_TRUE(pid.ok()) << pid.status();
  EXPECT_TRUE(HasVmRecord(pod_bundle_)) << "`delete` must find it";
  const auto first = Make("first", {"run"}, "pod");
  const auto second = Make("second", {"run"}, "pod");
  ASSERT_TRUE(first->Create().ok());
  EXPECT_EQ(first->workload().pid(), *pid);
  EXPECT_TRUE(first->Delete().ok());
  EXPECT_TRUE(base::OpenPidfd(*pid).ok()) << "the VM has ended with its last container";
  ASSERT_TRUE(second->Create().ok());
  ASSERT_TRUE(second->Start().ok());
  EXPECT_TRUE(StopPod(*pod).ok());
  EXPECT_EQ(second->AwaitExit(), 128U + SIGKILL);
  EXPECT_TRUE(StopPod(*pod).ok()) << "a second time";
  EXPECT_FALSE(base::OpenPidfd(*pid).ok());
  EXPECT_FALSE(HasVmRecord(pod_bundle_));
  EXPECT_FALSE(pod_ended_.has_value()) << "it was stopped";
  EXPECT_TRUE(second->Delete().ok());
}

TEST_F(VmBackendTest, ASandboxTellsThatItsVmWasLost) {
  const auto pod = MakePod("pod", {"run"});
  const absl::StatusOr<pid_t> pid = StartPod(*pod);
  ASSERT_TRUE(pid.ok()) << pid.status();
  ASSERT_EQ(::kill(*pid, SIGKILL), 0);
  ASSERT_TRUE(world_->RunUntil([this] { return pod_ended_.has_value(); }));
  EXPECT_THAT(*pod_ended_, ::testing::AnyOf(255U, 128U + SIGKILL));
  EXPECT_TRUE(StopPod(*pod).ok());
}

TEST_F(VmBackendTest, ASandboxThatDoesNotStartLeavesNothing) {
  const auto pod = MakePod("pod", {"refuse-boot"});
  EXPECT_THAT(std::string(StartPod(*pod).status().message()), HasSubstr("no memory left"));
  EXPECT_TRUE(StopPod(*pod).ok());
  EXPECT_FALSE(HasVmRecord(pod_bundle_));
}

TEST_F(VmBackendTest, ADiskThatIsRefusedFailsItsContainerAlone) {
  const auto with_disk = [this](const std::string& id, const char* behaviour) {
    auto container = Make(id, {behaviour}, "pod");
    const std::string disk = world_->temp().File(absl::StrCat(id, ".disk"));
    EXPECT_EQ(::mknod(disk.c_str(), S_IFBLK | 0600, makedev(240, 0)), 0);
    container->spec.mounts.push_back(
        {.destination = "/data", .type = "ext4", .source = disk, .options = {}});
    return container;
  };
  const auto pause = Make("pause", {"refuse-disk"}, "pod");
  ASSERT_TRUE(pause->Create().ok());
  EXPECT_THAT(std::string(with_disk("disk", "refuse-disk")->Create().message()),
              AllOf(HasSubstr("disk: vm.add-disk: HTTP 500"), HasSubstr("no slot is free")));
  const auto app = Make("app", {"refuse-disk"}, "pod");
  EXPECT_TRUE(app->Create().ok());
  EXPECT_TRUE(app->Delete().ok());
  EXPECT_TRUE(pause->Delete().ok());
  const auto other = with_disk("other", "run");
  EXPECT_TRUE(other->Create().ok());
  EXPECT_TRUE(other->Delete().ok());
}

TEST_F(VmBackendTest, ARootMayBeADisk) {
  const container::Mount image{
      .type = "ext4", .source = "/image", .target = "", .options = {"loop"}};
  shim::CreateSpec spec;
  spec.rootfs = {image};
  EXPECT_TRUE(world_->backend().TakesRootfs(spec));
  spec.rootfs = {{.type = "overlay", .source = "overlay", .target = "", .options = {}}};
  EXPECT_FALSE(world_->backend().TakesRootfs(spec));
}

TEST_F(VmBackendTest, AnExecIsAProcessOfItsOwn) {
  const auto container = Make("exec", {"run"});
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  ExecInContainer exec(*world_, *container, "e1", ProcessJson({"/x"}));
  ASSERT_TRUE(exec.Start().ok());
  EXPECT_TRUE(exec.Signal(SIGKILL).ok());
  EXPECT_EQ(exec.AwaitExit(), 128U + SIGKILL);
  EXPECT_EQ(exec.Output(), "e1\n");
  EXPECT_FALSE(container->exited());
  exec.Drop();
}

TEST_F(VmBackendTest, OutputAfterTheExitComesBeforeItIsTold) {
  const auto container = Make("linger", {"linger"});
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  EXPECT_TRUE(absl::IsNotFound(container->Signal(SIGTERM)));
  EXPECT_FALSE(container->exited());
  EXPECT_TRUE(absl::IsNotFound(container->Signal(SIGTERM)));
  EXPECT_EQ(container->AwaitExit(), 7U);
  EXPECT_THAT(container->Output(), HasSubstr("\nlate\n"));
}

TEST_F(VmBackendTest, AnOutputThatDoesNotEndDelaysTheExitOnlySoLong) {
  const auto container = Make("hold", {"hold-output"});
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  const steady_clock::time_point begun = steady_clock::now();
  EXPECT_EQ(container->AwaitExit(), 7U);
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(5));
}

// Kata's agent tells no process that has ended from one that runs by any signal there is.
TEST_F(VmBackendTest, AnExitIsNoticedThoughTheAgentSaysYesToEverySignal) {
  const auto container = Make("hold", {"hold-output", "swallow"});
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  EXPECT_EQ(container->AwaitExit(), 7U);
  EXPECT_TRUE(container->Delete().ok());
  EXPECT_THAT(container->Output(), HasSubstr("-hold\n"));
}

TEST_F(VmBackendTest, AClientThatDoesNotReadDelaysTheExitOnlySoLongAndLosesNothing) {
  const auto container = Make("much", {"much"});
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  const steady_clock::time_point begun = steady_clock::now();
  EXPECT_EQ(container->AwaitExit(), 7U);
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(5));
  const int out = container->io().out_read.get();
  ASSERT_EQ(::fcntl(out, F_SETFL, O_NONBLOCK), 0);
  std::size_t received = 0;
  const auto receive = [&] {
    char buffer[4096];
    ssize_t size = 0;
    while ((size = ::read(out, buffer, sizeof(buffer))) > 0) {
      received += static_cast<std::size_t>(size);
    }
  };
  testing::Answer<absl::Status> deleted;
  container->workload().Delete(deleted.Expect());
  world_->RunUntil([&] {
    receive();
    return deleted.come();
  });
  receive();
  EXPECT_EQ(received, std::size_t{testing::kMuchLines} * testing::kMuchLineBytes);
}

TEST_F(VmBackendTest, AClientThatNeverReadsDelaysDeleteOnlySoLong) {
  const auto container = Make("much", {"run", "much"});
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  ExecInContainer exec(*world_, *container, "e1", ProcessJson({"/x"}));
  ASSERT_TRUE(exec.Start().ok());
  EXPECT_TRUE(exec.Signal(SIGKILL).ok());
  EXPECT_EQ(exec.AwaitExit(), 128U + SIGKILL);
  exec.Drop();
  EXPECT_TRUE(container->Signal(SIGKILL).ok());
  EXPECT_EQ(container->AwaitExit(), 128U + SIGKILL);
  const steady_clock::time_point begun = steady_clock::now();
  EXPECT_TRUE(container->Delete().ok());
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(10));
}

TEST_F(VmBackendTest, AKilledHypervisorEndsAllProcesses) {
  const auto container = Make("killed", {"run"});
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  ExecInContainer exec(*world_, *container, "e1", ProcessJson({"/x"}));
  ASSERT_TRUE(exec.Start().ok());
  const steady_clock::time_point begun = steady_clock::now();
  ASSERT_EQ(::kill(container->workload().pid(), SIGKILL), 0);
  EXPECT_THAT(container->AwaitExit(), ::testing::AnyOf(255U, 128U + SIGKILL));
  EXPECT_THAT(exec.AwaitExit(), ::testing::AnyOf(255U, 128U + SIGKILL));
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(5));
  EXPECT_TRUE(absl::IsNotFound(container->Signal(SIGKILL)));
  EXPECT_FALSE(container->Pause().ok());
  exec.Drop();
  EXPECT_TRUE(container->Delete().ok());
}

TEST_F(VmBackendTest, ChecksThatFailInARowEndTheVm) {
  const auto container = Make("health", {"run", "mute-check"}, "",
                              "[health]\ninterval = 50\ntimeout = 50\nfailures = 2\n");
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  EXPECT_EQ(container->AwaitExit(), 255U);
  EXPECT_TRUE(container->Delete().ok());
}

TEST_F(VmBackendTest, AHypervisorThatDoesNotEndIsKilled) {
  const auto container = Make("stubborn", {"refuse-shutdown"});
  ASSERT_TRUE(container->Create().ok());
  const pid_t pid = container->workload().pid();
  EXPECT_TRUE(container->Delete().ok());
  EXPECT_FALSE(base::OpenPidfd(pid).ok());
}

TEST_F(VmBackendTest, WhatFailsInCreateIsNamedAndLeavesNothing) {
  EXPECT_THAT(WhyNot({"die"}),
              AllOf(HasSubstr("ended with status 3: no such machine"), HasSubstr(Self())));
  EXPECT_THAT(WhyNot({"no-api"}), HasSubstr("its API did not answer within 400 ms"));
  EXPECT_THAT(WhyNot({"mute-api"}), HasSubstr("not answer"));
  EXPECT_THAT(WhyNot({"refuse-boot"}), HasSubstr("vm.boot: HTTP 500 no memory left"));
  EXPECT_THAT(WhyNot({"no-agent"}),
              AllOf(HasSubstr("agent: port 1024"), HasSubstr("does not answer")));
  EXPECT_THAT(WhyNot({"mute-connect"}), HasSubstr("agent: port 1024"));
  EXPECT_THAT(WhyNot({"refuse-create"}), HasSubstr("no such program in the guest"));
}

TEST_F(VmBackendTest, AFailedCreateLeavesTheOthersOfThePodAlone) {
  const auto pause = Make("pause", {"run"}, "pod");
  ASSERT_TRUE(pause->Create().ok());
  ASSERT_TRUE(pause->Start().ok());
  const auto app = Make("app", {"run"}, "pod");
  app->spec.mounts.push_back(
      {.destination = "/data", .type = "bind", .source = "/no/such/directory"});
  EXPECT_THAT(std::string(app->Create().message()), HasSubstr("mount /data: /no/such/directory"));
  EXPECT_FALSE(pause->exited());
}

TEST_F(VmBackendTest, ManagementTellsOfShimHypervisorAndGuest) {
  const auto container = Make("asked", {"run"});
  ASSERT_TRUE(container->Create().ok());
  struct stat info {};
  const std::string path = ManagementPath();
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto metrics = Ask("GET", "/metrics");
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  EXPECT_EQ(metrics->status, 200);
  EXPECT_THAT(metrics->body, HasSubstr("\nkata_shim_threads 1\n"));
  EXPECT_THAT(metrics->body, HasSubstr("\nkata_hypervisor_proc_status{item=\"vmrss\"} "));
  EXPECT_THAT(metrics->body, HasSubstr("\nkata_agent_x 3\n"));
  EXPECT_THAT(metrics->body, ::testing::Not(HasSubstr("kata_shim_threads 77")))
      << "the guest speaks for the shim";
  EXPECT_EQ(Ask("GET", "/agent-url")->body,
            absl::StrCat("hvsock://", path.substr(0, path.rfind('/')), "/vsock.sock:1024"));
  EXPECT_TRUE(container->Delete().ok());
  EXPECT_EQ(::stat(path.c_str(), &info), -1) << "the socket outlives its VM";
}

TEST_F(VmBackendTest, ManagementReachesTheGuestsFiltersAndVolumes) {
  const auto container = Make("asked", {"run"});
  ASSERT_TRUE(container->Create().ok());
  EXPECT_EQ(Ask("PUT", "/iptables", "*filter 4")->status, 200);
  EXPECT_EQ(Ask("PUT", "/ip6tables", "*filter 6")->status, 200);
  EXPECT_EQ(Ask("GET", "/iptables")->body, "*filter 4");
  EXPECT_EQ(Ask("GET", "/ip6tables")->body, "*filter 6");
  for (const char* method : {"GET", "POST"}) {
    EXPECT_EQ(Ask(method, "/direct-volume/stats?path=%2Fdata")->body,
              "{\"usage\":[{\"available\":0,\"total\":10,\"unit\":1,\"used\":0}],"
              "\"volume_condition\":{\"abnormal\":false,\"message\":\"\"}}");
  }
  EXPECT_EQ(Ask("POST", "/direct-volume/resize", R"({"VolumePath":"/data","Size":20})")->status,
            200);
  EXPECT_EQ(
      Ask("POST", "/direct-volume/resize", R"({"volume_guest_path":"/data","size":20})")->status,
      200);
  const auto missing = Ask("GET", "/direct-volume/stats?path=/other");
  EXPECT_EQ(missing->status, 404);
  EXPECT_THAT(missing->body, HasSubstr("no such volume"));
}

TEST_F(VmBackendTest, ManagementRefusesWhatItDoesNotUnderstand) {
  const auto container = Make("asked", {"run"});
  ASSERT_TRUE(container->Create().ok());
  EXPECT_EQ(Ask("GET", "/")->status, 404);
  EXPECT_EQ(Ask("GET", "/metrics/../agent-url")->status, 404);
  EXPECT_EQ(Ask("DELETE", "/iptables")->status, 405);
  EXPECT_THAT(Ask("DELETE", "/iptables")->body, HasSubstr("GET, PUT"));
  for (const char* query :
       {"", "?", "?path=", "?path=%2", "?path=%zz", "?path=a%00b", "?other=1"}) {
    EXPECT_EQ(Ask("GET", absl::StrCat("/direct-volume/stats", query))->status, 400) << query;
  }
  for (const char* body : {"{", "[]", "{}", R"({"VolumePath":1,"Size":2})",
                           R"({"VolumePath":"/data"})", R"({"VolumePath":"/data","Size":-1})"}) {
    EXPECT_EQ(Ask("POST", "/direct-volume/resize", body)->status, 400) << body;
  }
}

TEST_F(VmBackendTest, WhatACallHasLedToIsInItsTrace) {
  const std::string file = world_->temp().File("trace.json");
  {
    const auto container = Make("traced", {}, "", absl::StrCat("[trace]\nfile = \"", file, "\"\n"));
    const auto create = world_->calls().Begin("Create", "");
    ASSERT_TRUE(container->Create().ok());
    create(absl::OkStatus());
    ASSERT_TRUE(container->Start().ok());
    container->AwaitExit();
    EXPECT_TRUE(container->Delete().ok());
  }
  world_->ReplaceBackend();
  std::map<std::string, json> spans;
  const std::string text = base::testing::ReadFile(file);
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const json request = json::parse(std::string(line));
    for (const json& span : request["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
      spans[span["name"]] = span;
    }
  }
  ASSERT_TRUE(spans.contains("Create"));
  for (const char* name : {"PUT /api/v1/vm.boot", "grpc.AgentService/CreateSandbox",
                           "grpc.AgentService/CreateContainer"}) {
    ASSERT_TRUE(spans.contains(name)) << name;
    EXPECT_EQ(spans[name]["parentSpanId"], spans["Create"]["spanId"]) << name;
    EXPECT_EQ(spans[name]["traceId"], spans["Create"]["traceId"]) << name;
    EXPECT_TRUE(spans[name]["status"].empty()) << name;
  }
  ASSERT_TRUE(spans.contains("grpc.AgentService/RemoveContainer"));
  EXPECT_FALSE(spans["grpc.AgentService/RemoveContainer"].contains("parentSpanId"));
  EXPECT_FALSE(spans.contains("grpc.AgentService/ReadStdout"));
  EXPECT_FALSE(spans.contains("grpc.AgentService/WaitProcess"));
}

TEST_F(VmBackendTest, TheMetricsOfASandboxAreThoseOfItsHypervisor) {
  const auto pod = MakePod("pod", {"run"});
  ASSERT_TRUE(StartPod(*pod).ok());
  testing::Answer<absl::StatusOr<shim::Opaque>> answer;
  pod->Sample(answer.Expect());
  const absl::StatusOr<shim::Opaque>& sample = world_->Await(answer);
  ASSERT_TRUE(sample.ok()) << sample.status();
  io::containerd::cgroups::v1::Metrics metrics;
  ASSERT_TRUE(metrics.ParseFromString(sample->value));
  EXPECT_GT(metrics.memory().usage().usage(), 0U);
  EXPECT_GT(metrics.pids().current(), 1U) << "its threads";
  EXPECT_TRUE(StopPod(*pod).ok());
  testing::Answer<absl::StatusOr<shim::Opaque>> late;
  pod->Sample(late.Expect());
  EXPECT_FALSE(world_->Await(late).ok());
}

// What a dead shim leaves is found by what is on the disk alone.
TEST_F(VmBackendTest, DeleteEndsWhatADeadShimHasLeft) {
  const auto container = Make("reclaimed", {"run"});
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  const auto reclaim = [&] {
    testing::Answer<absl::Status> answer;
    world_->backend().Reclaim({.id = absl::StrCat("shimgauge-test-", ::getpid(), "-reclaimed"),
                               .bundle = container->bundle()},
                              answer.Expect());
    return world_->Await(answer);
  };
  // The shim of this test lives: only what the container shares with the guest may go.
  EXPECT_TRUE(reclaim().ok());
  EXPECT_TRUE(base::OpenPidfd(container->workload().pid()).ok());
  EXPECT_TRUE(reclaim().ok()) << "a second time";
}

}  // namespace
}  // namespace backends
