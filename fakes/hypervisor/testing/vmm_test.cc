// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/testing/vmm_test.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "base/network_namespace.h"
#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/testing/child_main.h"
#include "base/testing/run.h"
#include "fakes/hypervisor/hypervisor_process.h"
#include "fakes/hypervisor/testing/echo_guest.h"
#include "netlink/link.h"
#include "netlink/tap.h"

namespace fakes::testing {
namespace {

constexpr int kPatienceMs = 60'000;

int Vmm(const std::vector<std::string>& args) {
  return RunHypervisor(args, [](boost::asio::io_context& loop, const HypervisorOptions&,
                                base::Log&) { return EchoGuests(loop); });
}

}  // namespace

void VmmTest::SetUp() {
  ASSERT_EQ(::mkdir(FaultDirectory().c_str(), 0700), 0);
  base::testing::WriteFile(temp_.File("kernel"), "kernel");
  faults_ = std::make_unique<FaultFile>(FaultDirectory(), FaultSeam::kHypervisor);
  client_ = std::make_unique<KataGoClient>(Api());
  client_->timeout_ms = kPatienceMs;
}

void VmmTest::TearDown() {
  client_.reset();
  if (vmm_.pid <= 0) return;
  Kill(SIGKILL);
  (void)base::testing::WaitForExit(vmm_.pid);
  vmm_ = {};
}

void VmmTest::StartVmm(const std::vector<std::string>& args, bool await) {
  std::vector<std::string> words = {"--api-socket",      Api(),
                                    "--fault-directory", FaultDirectory(),
                                    "--control-socket",  temp_.File("control")};
  words.insert(words.end(), args.begin(), args.end());
  base::SpawnSpec spec = base::testing::ChildProcess("vmm", words);
  if (!program_.empty()) {
    spec.path = program_;
    spec.argv.erase(spec.argv.begin() + 1);  // --child
  }
  const base::UniqueFd err(
      ::open(ErrorFile().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  spec.fds.push_back({.source = err.get(), .target = STDERR_FILENO});
  absl::StatusOr<base::Child> child = base::Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();
  vmm_ = *std::move(child);
  if (!await) return;
  ASSERT_TRUE(AwaitApi(vmm_.pidfd)) << base::testing::ReadFile(ErrorFile());
}

bool VmmTest::AwaitApi(const base::UniqueFd& gone) {
  const base::UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  EXPECT_GE(::inotify_add_watch(watch.get(), temp_.path().c_str(), IN_CREATE), 0);
  while (!BlockingSocket::Connect(Api(), kPatienceMs).ok()) {
    if (base::HasExited(gone)) return false;
    // From bind(2) to listen(2) is a moment, in which a connection is refused.
    const bool there = ::access(Api().c_str(), F_OK) == 0;
    pollfd ready[] = {{.fd = watch.get(), .events = POLLIN, .revents = 0},
                      {.fd = gone.get(), .events = POLLIN, .revents = 0}};
    (void)::poll(ready, 2, there ? 1 : kPatienceMs);
    char events[4096];
    while (::read(watch.get(), events, sizeof(events)) > 0) {
    }
  }
  return true;
}

base::ExitStatus VmmTest::AwaitExit() {
  const absl::StatusOr<base::ExitStatus> status = base::testing::WaitForExit(vmm_.pid);
  EXPECT_TRUE(status.ok()) << status.status();
  vmm_ = {};
  return status.ok() ? *status : base::ExitStatus{};
}

void VmmTest::Kill(int signo) { (void)base::SendSignal(vmm_.pidfd, signo); }

std::string VmmTest::Config() const {
  return absl::StrCat(R"({"payload":{"kernel":")", temp_.File("kernel"),
                      R"("},"cpus":{"boot_vcpus":2,"max_vcpus":4},"memory":{"size":268435456,)",
                      R"("hotplug_size":268435456},"vsock":{"cid":3,"socket":")", Vsock(),
                      R"("}})");
}

void VmmTest::Boot() {
  const absl::StatusOr<std::string> created = Put("vm.create", Config());
  ASSERT_TRUE(created.ok()) << created.status();
  const absl::StatusOr<std::string> booted = Put("vm.boot");
  ASSERT_TRUE(booted.ok()) << booted.status();
}

std::string VmmTest::Control(const std::string& command) {
  absl::StatusOr<BlockingSocket> socket =
      BlockingSocket::Connect(temp_.File("control"), kPatienceMs);
  if (!socket.ok() || !socket->Send(absl::StrCat(command, "\n")).ok()) return "no control socket";
  return socket->ReceiveLine().value_or("no answer");
}

base::UniqueFd VmmTest::MakeTap() {
  base::UniqueFd tap;
  absl::StatusOr<base::UniqueFd> space = base::MakeNetworkNamespace();
  if (!space.ok() || ::access("/dev/net/tun", R_OK | W_OK) != 0) return tap;
  space_ = *std::move(space);
  const absl::Status made = base::InNetworkNamespace(space_, [&tap]() -> absl::Status {
    ASSIGN_OR_RETURN(tap, netlink::OpenTap("tap0"));
    return absl::OkStatus();
  });
  EXPECT_TRUE(made.ok()) << made;
  return tap;
}

bool VmmTest::IsTapThere() const {
  const absl::Status found = base::InNetworkNamespace(space_, []() -> absl::Status {
    ASSIGN_OR_RETURN(netlink::Socket socket, netlink::Socket::Open());
    return netlink::FindLink(socket, "tap0").status();
  });
  EXPECT_TRUE(found.ok() || absl::IsNotFound(found)) << found;
  return found.ok();
}

}  // namespace fakes::testing

int main(int argc, char** argv) {
  return base::testing::RunTestsOrChild(argc, argv, {{"vmm", &fakes::testing::Vmm}});
}
