// SPDX-License-Identifier: Apache-2.0
// Containers in a machine that QEMU emulates, instruction by instruction, with Debian's kernel and
// our agent as its first process.
#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

#include "base/loop_device.h"
#include "base/network_namespace.h"
#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/subreaper.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "netlink/ip.h"
#include "netlink/link.h"
#include "netlink/socket.h"
#include "netlink/traffic.h"
#include "reference-shim/backends/testing/backend_world.h"
#include "reference-shim/backends/vm/vm_backend.h"
#include "reference-shim/backends/vm/vm_config.h"
#include "runtimeoptions/v1/options.pb.h"

namespace backends {
namespace {

using std::chrono::steady_clock;
using testing::BackendWorld;
using testing::Container;
using testing::ExecInContainer;
using testing::ProcessJson;

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;

// What a shell command prints, without the last newline; `status` as a shell sees it.
std::string Shell(const std::string& command, unsigned& status) {
  const auto result = base::testing::RunToExit("/bin/sh", {"-c", command});
  status = result.ok() ? result->status.ShellStatus() : 127;
  std::string text =
      result.ok() ? result->out + result->err : std::string(result.status().message());
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

class VmMachineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    unsigned status = 0;
    const std::string kernel = Shell(SHIMGAUGE_SOURCE "/ci/guest-kernel --cached", status);
    if (status != 0) GTEST_SKIP() << kernel;
    const std::string initrd = temp_.File("initrd");
    const std::string made = Shell(
        absl::StrCat(SHIMGAUGE_SOURCE "/fixtures/guest/make_initrd --init ", SHIMGAUGE_GUEST_INIT,
                     " --modules ", kernel, "/modules --output ", initrd),
        status);
    ASSERT_EQ(status, 0U) << made;
    runtimeoptions::v1::Options options;
    options.set_config_body(
        absl::StrCat("[hypervisor]\nkind = \"qemu\"\naccelerator = \"tcg\"\nkernel = \"", kernel,
                     "/vmlinuz\"\ninitrd = \"", initrd, "\"\nmemory_mib = 512\n",
                     "[timeouts]\nlaunch = 50000\nboot = 50000\nagent = 55000\ncall = 50000\n",
                     "[health]\ninterval = 20000\ntimeout = 20000\n"));
    options_ = {.type_url = "runtimeoptions.v1.Options", .value = options.SerializeAsString()};
    const auto config = FindVmConfig(options_);
    if (!config.ok()) GTEST_SKIP() << config.status().message();
    world_.emplace(BackendEntry{"vm", &MakeVmBackend});
  }

  // A container of the one pod.
  std::unique_ptr<Container> Make(const std::string& id, const std::string& program,
                                  std::vector<std::string> args = {}) {
    auto made = std::make_unique<Container>(*world_, id, program, std::move(args));
    made->options = options_;
    made->spec.annotations["io.kubernetes.cri.sandbox-id"] =
        absl::StrCat("shimgauge-test-", ::getpid(), "-pod");
    return made;
  }

  // Creates and starts the pod's first container, which stays.
  std::unique_ptr<Container> MakePod() {
    auto pause = Make("pause", "pause");
    const steady_clock::time_point begun = steady_clock::now();
    const absl::Status created = pause->Create();
    EXPECT_TRUE(created.ok()) << created;
    if (!created.ok()) return nullptr;
    const std::chrono::duration<double> took = steady_clock::now() - begun;
    std::cout << "the machine and its first container: " << took.count() << " s" << std::endl;
    EXPECT_TRUE(pause->Start().ok());
    return pause;
  }

  base::testing::LeakGuard leak_guard_;
  base::testing::TempDir temp_;
  shim::Opaque options_;
  std::optional<BackendWorld> world_;
};

TEST_F(VmMachineTest, ADiskComesAndGoesWithItsContainer) {
  constexpr char kMkfs[] = "/sbin/mke2fs";
  if (::access(kMkfs, X_OK) != 0) GTEST_SKIP() << "needs " << kMkfs;
  const std::string image = temp_.File("image");
  const auto made = base::testing::RunToExit(kMkfs, {"-q", "-t", "ext4", image, "8M"});
  ASSERT_TRUE(made.ok() && made->status.ShellStatus() == 0);
  const auto disk = base::AttachLoopDevice(image, /*readonly=*/false);
  if (!disk.ok()) GTEST_SKIP() << disk.status();
  const auto pause = MakePod();
  ASSERT_NE(pause, nullptr);
  for (const char* name : {"first", "second"}) {  // at a place that was free, and is again
    const auto app = Make(name, "touch", {"/data/touched"});
    app->spec.mounts.push_back(
        {.destination = "/data", .type = "ext4", .source = disk->path, .options = {}});
    const absl::Status created = app->Create();
    ASSERT_TRUE(created.ok()) << created;
    ASSERT_TRUE(app->Start().ok());
    EXPECT_EQ(app->AwaitExit(), 0U);
    EXPECT_TRUE(app->Delete().ok());
  }
  EXPECT_THAT(base::testing::ReadFile(image), ::testing::HasSubstr("touched\ntouched\n"));
  const auto odd = Make("odd", "touch", {"/data/touched"});
  odd->spec.mounts.push_back(
      {.destination = "/data", .type = "xfs", .source = disk->path, .options = {}});
  EXPECT_FALSE(odd->Create().ok());
  EXPECT_TRUE(pause->Signal(SIGKILL).ok());
  EXPECT_EQ(pause->AwaitExit(), 128U + SIGKILL);
  EXPECT_TRUE(pause->Delete().ok());
}

// One machine for all of it: to boot it is what takes long.
TEST_F(VmMachineTest, ContainersLiveInIt) {
  const auto pause = MakePod();
  ASSERT_NE(pause, nullptr);
  const pid_t qemu = pause->workload().pid();
  {
    SCOPED_TRACE("exit code and output");
    const auto app = Make("exit", "exit_code", {"7"});
    ASSERT_TRUE(app->Create().ok());
    EXPECT_EQ(app->workload().pid(), qemu);
    EXPECT_EQ(app->Start().value_or(-1), qemu);
    EXPECT_EQ(app->AwaitExit(), 7U);
    EXPECT_TRUE(app->Delete().ok());
  }
  {
    SCOPED_TRACE("environment");
    const auto app = Make("environment", "print_env");
    app->spec.process.env = {"COLOUR=blue"};
    ASSERT_TRUE(app->Create().ok());
    ASSERT_TRUE(app->Start().ok());
    EXPECT_EQ(app->AwaitExit(), 0U);
    EXPECT_THAT(app->Output(), ::testing::HasSubstr("COLOUR=blue"));
  }
  {
    SCOPED_TRACE("input and output");
    const auto app = Make("cat", "cat");
    ASSERT_TRUE(app->Create().ok());
    ASSERT_TRUE(app->Start().ok());
    std::string sent;
    for (int line = 0; line < 1000; ++line) absl::StrAppend(&sent, line, "\n");
    ASSERT_EQ(::write(app->io().in_write.get(), sent.data(), sent.size()),
              static_cast<ssize_t>(sent.size()));
    app->io().in_write.reset();
    EXPECT_EQ(app->AwaitExit(), 0U);
    EXPECT_EQ(app->Output(), sent);
  }
  {
    SCOPED_TRACE("execs");
    ExecInContainer quick(*world_, *pause, "e1", ProcessJson({"/exit_code", "3"}));
    ASSERT_TRUE(quick.Start().ok());
    EXPECT_EQ(quick.AwaitExit(), 3U);
    ExecInContainer killed(*world_, *pause, "e2", ProcessJson({"/pause"}));
    ASSERT_TRUE(killed.Start().ok());
    EXPECT_TRUE(killed.Signal(SIGKILL).ok());
    EXPECT_EQ(killed.AwaitExit(), 128U + SIGKILL);
    quick.Drop();
    killed.Drop();
  }
  {
    SCOPED_TRACE("lack of memory");
    const auto app = Make("memory", "allocate", {"64"});
    app->spec.linux.resources.memory.emplace();
    app->spec.linux.resources.memory->limit = 16 * kMebibyte;
    ASSERT_TRUE(app->Create().ok());
    ASSERT_TRUE(app->Start().ok());
    EXPECT_EQ(app->AwaitExit(), 128U + SIGKILL);
    EXPECT_EQ(app->ooms_before_exit(), 1);
    EXPECT_TRUE(app->Delete().ok());
  }
  {
    SCOPED_TRACE("`delete` beside a shim that lives");
    for (const char* name : {"first", "second"}) {  // one visitor after another
      const auto app = Make(name, "pause");
      ASSERT_TRUE(app->Create().ok());
      ASSERT_TRUE(app->Start().ok());
      testing::Answer<absl::Status> deleted;
      world_->backend().Reclaim(
          {.id = absl::StrCat("shimgauge-test-", ::getpid(), "-", name), .bundle = app->bundle()},
          deleted.Expect());
      EXPECT_TRUE(world_->Await(deleted).ok());
      EXPECT_EQ(app->AwaitExit(), 128U + SIGKILL);
      EXPECT_TRUE(app->Delete().ok());
    }
  }
  {
    SCOPED_TRACE("verbs");
    EXPECT_TRUE(pause->Pause().ok());
    EXPECT_TRUE(pause->Resume().ok());
    EXPECT_TRUE(pause->Sample().ok());
    EXPECT_TRUE(pause->Update("{\"memory\":{\"limit\":33554432}}").ok());
  }
  EXPECT_FALSE(pause->exited());
  EXPECT_TRUE(pause->Signal(SIGKILL).ok());
  EXPECT_EQ(pause->AwaitExit(), 128U + SIGKILL);
  EXPECT_TRUE(pause->Delete().ok());
  EXPECT_FALSE(base::OpenPidfd(qemu).ok()) << "QEMU runs on";
}

// The address of the peer, which is the pod's gateway, and those that it has itself.
struct PodAddresses {
  const char* peer;
  const char* peer_in_hex;
  const char* pod;
  int prefix_length;
};
constexpr PodAddresses kPodAddresses[] = {
    {"10.7.0.1", "0a070001", "10.7.0.2", 24},
    {"fd07::1", "fd070000000000000000000000000001", "fd07::2", 64}};

// Listens at `ip` for one who says something, and answers it.
absl::StatusOr<base::UniqueFd> Listen(const std::string& ip, std::uint16_t& port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  const bool ipv4 = netlink::FamilyOf(ip) == AF_INET;
  ::inet_pton(AF_INET6, (ipv4 ? "::ffff:" + ip : ip).c_str(), &address.sin6_addr);
  base::UniqueFd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  socklen_t size = sizeof(address);
  if (!socket.ok() ||
      ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), 1) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("listen at ", ip));
  }
  port = ntohs(address.sin6_port);
  return socket;
}

std::string ErrorsOf(Container& container) {
  container.io().err_write.reset();
  return base::testing::ReadToEof(container.io().err_read);
}

// What one says who has come; empty: nobody has.
std::string AnswerOne(const base::UniqueFd& listener, const std::string& answer) {
  const base::UniqueFd connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection.ok()) return "";
  std::string heard = base::testing::ReadLine(connection);
  EXPECT_EQ(::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(answer.size()));
  return heard;
}

TEST_F(VmMachineTest, AContainerReachesThePeerOfItsPodsLink) {
  const auto ok = [](const absl::Status& status) { ASSERT_TRUE(status.ok()) << status; };
  const base::UniqueFd outside = base::MakeNetworkNamespace().value();
  const base::UniqueFd pod = base::MakeNetworkNamespace().value();
  const auto open_in = [](const base::UniqueFd& space) {
    std::optional<netlink::Socket> socket;
    EXPECT_TRUE(base::InNetworkNamespace(space, [&socket] {
                  socket = netlink::Socket::Open().value();
                  return absl::OkStatus();
                }).ok());
    return *std::move(socket);
  };
  netlink::Socket near = open_in(outside);
  netlink::Socket inside = open_in(pod);
  ok(netlink::AddVethPair(near, "peer", "eth0", pod.get()));
  const int peer = netlink::FindLink(near, "peer")->index;
  const int link = netlink::FindLink(inside, "eth0")->index;
  ok(netlink::ChangeLink(near, peer, {.up = true, .mtu = 1400}));
  ok(netlink::ChangeLink(inside, link, {.up = true, .mtu = 1400}));
  for (const PodAddresses& one : kPodAddresses) {
    ok(netlink::AddAddress(
        near,
        {.link = peer, .ip = one.peer, .prefix_length = one.prefix_length, .flags = IFA_F_NODAD}));
    ok(netlink::AddAddress(
        inside,
        {.link = link, .ip = one.pod, .prefix_length = one.prefix_length, .flags = IFA_F_NODAD}));
    ok(netlink::AddRoute(
        inside, {.family = netlink::FamilyOf(one.pod), .gateway = one.peer, .link = link}));
  }
  const auto with_network = [&](std::unique_ptr<Container> container) {
    container->spec.linux.namespaces.push_back(
        {.type = "network", .path = absl::StrCat("/proc/", ::getpid(), "/fd/", pod.get())});
    return container;
  };
  const auto pause = with_network(Make("pause", "pause"));
  const absl::Status created = pause->Create();
  ASSERT_TRUE(created.ok()) << created;
  for (const PodAddresses& one : kPodAddresses) {
    SCOPED_TRACE(one.peer);
    std::uint16_t port = 0;
    absl::StatusOr<base::UniqueFd> listener = absl::UnknownError("not opened");
    ok(base::InNetworkNamespace(outside, [&] {
      listener = Listen(one.peer, port);
      return listener.status();
    }));
    const auto app = with_network(Make(absl::StrCat("dial-", one.prefix_length), "dial",
                                       {one.peer_in_hex, absl::StrCat(port), "hello"}));
    ok(app->Create());
    ok(app->Start().status());
    std::string heard;
    world_->RunUntil([&] {
      heard = AnswerOne(*listener, "welcome\n");
      return !heard.empty() || app->exited();
    });
    EXPECT_EQ(heard, "hello\n");
    EXPECT_EQ(app->AwaitExit(), 0U);
    EXPECT_EQ(app->Output(), "welcome\n") << ErrorsOf(*app);
    ok(app->Delete());
  }
  ok(pause->Delete());
  EXPECT_EQ(netlink::ListLinks(inside)->size(), 2U) << "with lo";
  EXPECT_THAT(netlink::ListIngress(inside).value(), ::testing::IsEmpty());
}

TEST_F(VmMachineTest, EndsAllProcessesWhenQemuIsKilled) {
  const auto pause = MakePod();
  ASSERT_NE(pause, nullptr);
  ExecInContainer exec(*world_, *pause, "e1", ProcessJson({"/pause"}));
  ASSERT_TRUE(exec.Start().ok());
  const steady_clock::time_point begun = steady_clock::now();
  ASSERT_EQ(::kill(pause->workload().pid(), SIGKILL), 0);
  EXPECT_THAT(pause->AwaitExit(), ::testing::AnyOf(255U, 128U + SIGKILL));
  EXPECT_THAT(exec.AwaitExit(), ::testing::AnyOf(255U, 128U + SIGKILL));
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(5));
  exec.Drop();
  EXPECT_TRUE(pause->Delete().ok());
}

}  // namespace
}  // namespace backends

int main(int argc, char** argv) {
  if (!base::BecomeSubreaper().ok()) return 1;
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
