// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include "netlink/ip.h"
#include "netlink/testing/network_test.h"
#include "netlink/traffic.h"
#include "reference-shim/backends/testing/backend_world.h"
#include "reference-shim/backends/vm/testing/scripted_vmm.h"
#include "reference-shim/backends/vm/vm_backend.h"
#include "reference-shim/backends/vm/vm_files.h"
#include "runtimeoptions/v1/options.pb.h"

namespace backends {
namespace {

using ::testing::AllOf;
using testing::BackendWorld;
using testing::Container;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string Self() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

// Containers of a pod with a network: eth0, a route, a neighbour. Ends with the proof that the
// pod's namespace is as it was.
class VmNetworkTest : public netlink::testing::NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), 0);
    world_.emplace(BackendEntry{"vm", &MakeVmBackend});
    pod_.emplace();
    inside_.emplace(pod_->OpenSocket());
    Ok(netlink::AddVethPair(socket(), "peer", "eth0", pod_->fd()));
    Ok(netlink::ChangeLink(socket(), Find("peer").index, {.up = true}));
    const int link = netlink::FindLink(*inside_, "eth0")->index;
    Ok(netlink::ChangeLink(*inside_, link, {.up = true, .mac = "02:00:00:00:00:0a", .mtu = 1400}));
    for (const auto& [ip, length] : {std::pair("10.1.2.3", 24), std::pair("fd00::3", 64)}) {
      Ok(netlink::AddAddress(
          *inside_, {.link = link, .ip = ip, .prefix_length = length, .flags = IFA_F_NODAD}));
    }
    Ok(netlink::AddRoute(*inside_, {.family = AF_INET, .gateway = "10.1.2.1", .link = link}));
    Ok(netlink::SetNeighbor(
        *inside_,
        {.link = link, .ip = "10.1.2.1", .mac = "ee:ee:ee:ee:ee:ee", .state = NUD_PERMANENT}));
    before_ = Links();
  }

  void TearDown() override {
    if (world_.has_value()) {
      world_.reset();
      EXPECT_EQ(Links(), before_);
      EXPECT_THAT(*netlink::ListIngress(*inside_), IsEmpty());
      EXPECT_FALSE(std::filesystem::exists("/run/shimgauge-vm")) << "files of a VM";
      EXPECT_EQ(::umount2("/run", MNT_DETACH), 0);
    }
    inside_.reset();
    pod_.reset();
    NetworkTest::TearDown();
  }

  static void Ok(const absl::Status& status) { ASSERT_TRUE(status.ok()) << status; }
  // Without what comes and goes by itself (IFF_RUNNING).
  std::vector<netlink::Link> Links() {
    std::vector<netlink::Link> links = netlink::ListLinks(*inside_).value();
    for (netlink::Link& link : links) link.flags &= IFF_UP | IFF_PROMISC | IFF_NOARP;
    return links;
  }

  // A container of the pod, in a VM of that behaviour.
  std::unique_ptr<Container> Make(const std::vector<std::string>& words,
                                  const std::string& tables = "") {
    auto made = std::make_unique<Container>(*world_, words.back(), "exit_code");
    made->options = Options(words, tables);
    made->spec.linux.namespaces.push_back({.type = "network", .path = pod_->path()});
    return made;
  }
  static shim::Opaque Options(const std::vector<std::string>& words, const std::string& tables) {
    runtimeoptions::v1::Options options;
    options.set_config_body(absl::StrCat(
        "[hypervisor]\npath = \"", Self(), "\"\nkernel = \"", Self(), "\"\nimage = \"", Self(),
        "\"\narguments = [\"", absl::StrJoin(words, "\", \""), "\"]\n[timeouts]\nlaunch = 4000\n",
        "boot = 4000\nagent = 4000\nstop = 400\napi = 3000\ncall = 3000\n", tables));
    return {.type_url = "runtimeoptions.v1.Options", .value = options.SerializeAsString()};
  }

  // Of the one VM that runs.
  static std::string VmFile(const char* name) {
    for (const auto& vm : std::filesystem::directory_iterator("/run/shimgauge-vm")) {
      return (vm.path() / name).string();
    }
    return "";
  }
  // What the hypervisor and its guest have been asked.
  static std::vector<std::string> Asked() {
    return absl::StrSplit(base::testing::ReadFile(VmFile(testing::kRecord)), '\n',
                          absl::SkipEmpty());
  }
  static std::string InodeName(const std::string& path) {
    return std::filesystem::read_symlink(path).string();
  }

  std::optional<BackendWorld> world_;
  std::optional<netlink::testing::NetworkNamespace> pod_;
  std::optional<netlink::Socket> inside_;
  std::vector<netlink::Link> before_;
};

TEST_F(VmNetworkTest, TheGuestHasTheNetworkOfItsPod) {
  const auto container = Make({"record"});
  Ok(container->Create());
  EXPECT_THAT(
      Asked(),
      ElementsAre(
          InodeName(pod_->path()), StartsWith("GET "), StartsWith("PUT /api/v1/vm.create "),
          "PUT /api/v1/vm.add-net {\"id\":\"nic0\",\"mac\":\"02:00:00:00:00:0a\",\"mtu\":1400,"
          "\"num_queues\":2,\"queue_size\":256,\"tap\":\"tap0_vm\"}",
          StartsWith("PUT /api/v1/vm.boot"),
          "UpdateInterface eth0 02:00:00:00:00:0a 1400 at  10.1.2.3/24 fd00::3/64",
          "AddARPNeighbors [10.1.2.1 ee:ee:ee:ee:ee:ee dev eth0]",
          "UpdateRoutes [ via 10.1.2.1 dev eth0]", "CreateSandbox"));
  const auto tap = netlink::FindLink(*inside_, "tap0_vm");
  ASSERT_TRUE(tap.ok()) << tap.status();
  EXPECT_TRUE(tap->up());
  EXPECT_THAT(*netlink::ListIngress(*inside_), SizeIs(2));
  Ok(container->Delete());
  EXPECT_EQ(Links(), before_) << "with the VM, not with the shim";
}

TEST_F(VmNetworkTest, ASandboxHasTheNetworkThatItsRequestNames) {
  const std::string bundle = temp_.File("pod");
  std::filesystem::create_directory(bundle);
  auto pod = world_->backend().MakeSandbox({.id = "pod",
                                            .bundle = bundle,
                                            .options = Options({"record"}, ""),
                                            .annotations = {},
                                            .network = pod_->path(),
                                            .on_end = [](unsigned) {}});
  ASSERT_TRUE(pod.ok()) << pod.status();
  testing::Answer<absl::StatusOr<pid_t>> started;
  (*pod)->Start(started.Expect());
  Ok(world_->Await(started).status());
  EXPECT_THAT(Asked(), Contains(HasSubstr("\"tap\":\"tap0_vm\"")));
  testing::Answer<absl::Status> stopped;
  (*pod)->Stop(stopped.Expect());
  Ok(world_->Await(stopped));
}

TEST_F(VmNetworkTest, WhereTheHypervisorSaysWhereANicIsTheAgentIsTold) {
  const auto container = Make({"place-net", "record"});
  Ok(container->Create());
  EXPECT_THAT(Asked(), Contains(HasSubstr("UpdateInterface eth0 02:00:00:00:00:0a 1400 at 06 ")));
}

TEST_F(VmNetworkTest, ADeviceThatTheGuestFindsLateIsAwaited) {
  const auto container = Make({"late-interface", "record"});
  Ok(container->Create());
  int asked = 0;
  for (const std::string& line : Asked()) asked += line.rfind("UpdateInterface", 0) == 0 ? 1 : 0;
  EXPECT_EQ(asked, 2);
}

TEST_F(VmNetworkTest, WhatIsRefusedFailsCreateAndLeavesThePodAsItWas) {
  for (const auto& [word, why] :
       {std::pair("refuse-net", "eth0: vm.add-net: HTTP 500 no such tap"),
        std::pair("refuse-boot", "no memory left"),
        std::pair("refuse-interface", "agent: eth0: UpdateInterface: no such device in the guest"),
        std::pair("refuse-routes", "agent: UpdateRoutes: no such gateway")}) {
    const auto container = Make({word});
    EXPECT_THAT(std::string(container->Create().message()), HasSubstr(why));
    EXPECT_EQ(Links(), before_) << word;
    EXPECT_THAT(*netlink::ListIngress(*inside_), IsEmpty()) << word;
  }
}

TEST_F(VmNetworkTest, ALinkThatSomebodyElseHasWiredFailsCreateAndStaysAsItIs) {
  const int link = netlink::FindLink(*inside_, "eth0")->index;
  Ok(netlink::AddIngress(*inside_, link));
  const auto container = Make({"run"});
  EXPECT_THAT(std::string(container->Create().message()),
              HasSubstr("link eth0 has an ingress qdisc already"));
  EXPECT_THAT(*netlink::ListIngress(*inside_), ElementsAre(link));
  Ok(netlink::DeleteIngress(*inside_, link));
}

TEST_F(VmNetworkTest, AHypervisorThatDiesLeavesNothing) {
  const auto container = Make({"run"});
  Ok(container->Create());
  Ok(container->Start().status());
  ASSERT_EQ(::kill(container->workload().pid(), SIGKILL), 0);
  container->AwaitExit();
  world_->RunUntil([this] { return Links() == before_; });
}

TEST_F(VmNetworkTest, WithoutLinksOrByConfigurationNothingIsDone) {
  const auto without = Make({"record"}, "[network]\nmodel = \"none\"\n");
  Ok(without->Create());
  EXPECT_THAT(Asked(),
              AllOf(Contains(InodeName("/proc/self/ns/net")),
                    Not(Contains(HasSubstr("vm.add-net"))), Not(Contains(HasSubstr("Update")))));
  EXPECT_EQ(Links(), before_);
  Ok(without->Delete());
  const netlink::testing::NetworkNamespace empty;
  const auto alone = Make({"record", "run"});
  alone->spec.linux.namespaces.back().path = empty.path();
  Ok(alone->Create());
  EXPECT_THAT(Asked(), Not(Contains(HasSubstr("vm.add-net"))));
  EXPECT_FALSE(std::filesystem::exists(VmFile("network.json")));
}

TEST_F(VmNetworkTest, ANamespaceThatIsNoneFailsCreate) {
  const auto container = Make({"run"});
  container->spec.linux.namespaces.back().path = "/no/such/namespace";
  EXPECT_THAT(std::string(container->Create().message()),
              HasSubstr("network namespace /no/such/namespace: No such file"));
}

// By what is on the disk alone.
TEST_F(VmNetworkTest, DeleteRemovesWhatADeadShimHasLeft) {
  const std::string bundle = temp_.File("dead");
  std::filesystem::create_directory(bundle);
  const VmFiles files("test", "dead");
  Ok(MakeVmFiles(files));
  Ok(MakeVmNetwork(files, pod_->path()));
  Ok(SaveVmRecord(bundle, "dead"));
  EXPECT_NE(Links(), before_);
  const std::string own = InodeName("/proc/self/ns/net");
  testing::Answer<absl::Status> reclaimed;
  world_->backend().Reclaim({.id = "dead", .bundle = bundle}, reclaimed.Expect());
  Ok(world_->Await(reclaimed));
  EXPECT_EQ(Links(), before_);
  EXPECT_EQ(InodeName("/proc/self/ns/net"), own);
}

}  // namespace
}  // namespace backends
