// SPDX-License-Identifier: Apache-2.0
// The pod's network: its links are in the guest, its containers use them, and nothing of the
// machine stays in the namespace. What happens when a NIC is refused is in vm_boot.cc.
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "conformance/checks/delete_recovery.h"
#include "conformance/checks/vm.h"
#include "conformance/checks/vm_pod_network.h"
#include "conformance/checks/vm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using fakes::Fault;
using ::testing::ContainsRegex;
using ::testing::Eq;
using ::testing::HasSubstr;

// --- in the guest --------------------------------------------------------------------------------

// The same, where the container has a sysfs of its own network.
BundleOptions WithSysfs(BundleOptions options) {
  options.edit = [edit = std::move(options.edit)](const std::string& text) {
    nlohmann::json spec = nlohmann::json::parse(edit(text));
    spec["mounts"].push_back({{"destination", "/sys"},
                              {"type", "sysfs"},
                              {"source", "sysfs"},
                              {"options", {"nosuid", "noexec", "nodev", "ro"}}});
    return spec.dump();
  };
  return options;
}

// What a file of the container's network says.
std::string Show(CheckContext& check, ShimUnderTest* shim, const PodNetwork& network,
                 const std::string& file) {
  CreateOptions options;
  options.bundle = WithSysfs(network.InBundle());
  options.shim = shim;
  const Task task = check.Run(Program("cat", file), options);
  task.stdio().AwaitEof();
  check.EXPECT_THAT(task.Wait().status(), IsOk());
  const std::string shown = task.stdio().output();
  check.EXPECT_THAT(task.Delete().status(), IsOk());
  return shown;
}

void ExpectShows(CheckContext& check, const std::string& shown, const std::string& regex,
                 const std::string& what) {
  check.EXPECT_THAT(shown, ContainsRegex(regex),
                    {.text = what + " in the guest", .code = why::kNetworkState});
}

// "fd09…02" of if_inet6.
std::string HexOf(const char* ipv6) {
  in6_addr ip{};
  (void)::inet_pton(AF_INET6, ipv6, &ip);
  return absl::BytesToHexString({reinterpret_cast<const char*>(&ip), sizeof(ip)});
}

// As /proc/net/route has it: a number of the machine's own byte order.
std::string RouteWord(const char* ipv4) {
  in_addr ip{};
  (void)::inet_pton(AF_INET, ipv4, &ip);
  return absl::StrCat(absl::Hex(ip.s_addr, absl::kZeroPad8));
}

void HasTheLinksOfItsPod(CheckContext& check) {
  const PodNetwork network(check);
  const Task first = check.Run(Program("pause"), {.bundle = network.InBundle()});
  const auto show = [&](const std::string& file) {
    return Show(check, &first.shim(), network, file);
  };
  for (const PodLink& link : PodLinks()) {
    const std::string name = link.name;
    const std::string directory = absl::StrCat("/sys/class/net/", name, "/");
    ExpectShows(check, show(directory + "address"), absl::StrCat("^", link.mac, "\n$"),
                "the MAC of " + name);
    ExpectShows(check, show(directory + "mtu"), absl::StrCat("^", link.mtu, "\n$"),
                "the MTU of " + name);
  }
  const std::string addresses = show("/proc/net/fib_trie");
  const std::string six = show("/proc/net/if_inet6");
  for (const PodLink& link : PodLinks()) {
    ExpectShows(check, addresses, absl::StrReplaceAll(link.ipv4, {{".", "[.]"}}),
                absl::StrCat("the IPv4 address of ", link.name));
    if (link.ipv6 == nullptr) continue;
    ExpectShows(check, six, absl::StrCat(HexOf(link.ipv6), " .* ", link.name),
                absl::StrCat("the IPv6 address of ", link.name));
  }
  const PodLink& link = PodLinks().front();
  ExpectShows(
      check, absl::AsciiStrToLower(show("/proc/net/route")),
      absl::StrCat(link.name, "[[:space:]]+00000000[[:space:]]+", RouteWord(link.gateway_ipv4)),
      "the default route");
  ExpectShows(check, show("/proc/net/arp"),
              absl::StrCat(link.gateway_ipv4, " .*0x6 +", link.gateway_mac),
              "the permanent neighbour");
}

struct Family {
  const char* word;
  bool ipv6;
};
constexpr Family kFamilies[] = {{"ipv4", false}, {"ipv6", true}};

void ReachesThePeer(CheckContext& check, const Family& family) {
  const PodNetwork network(check);
  PodPeer peer(check, family.ipv6);
  const Task task = check.Run(peer.Dial(), {.bundle = network.InBundle()});
  peer.ExpectServes(task);
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void AllReachThePeer(CheckContext& check) {
  const PodNetwork network(check);
  PodPeer peer(check, /*ipv6=*/false);
  const Task first = check.Run(Program("pause"), {.bundle = network.InBundle()});
  for (int container = 0; container < 2; ++container) {
    const Task task = check.Run(peer.Dial(), {.bundle = network.InBundle(), .shim = &first.shim()});
    peer.ExpectServes(task);
    check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  }
}

void NeedsNoNic(CheckContext& check) {
  const PodNetwork network(check, PodNetwork::Links::kNone);
  VmFaults faults(check);
  const VmFaults::Planned added =
      faults.OfHypervisor({.verb = "vm.add-net", .fault = Fault::kSlow, .ms = 1});
  const Task task = check.Run(Program("exit_code", "7"), {.bundle = network.InBundle()});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
  check.EXPECT_THAT(
      faults.Firings(added), Eq(0u),
      {.text = "NICs of a machine whose pod has no link but lo", .code = why::kProcessState});
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(7)));
  network.ExpectAsBefore("after Delete");
}

// --- what is left --------------------------------------------------------------------------------

void ShutDown(CheckContext& check, const Task& task) {
  check.EXPECT_THAT(task.shim().Shutdown(task.id()), IsOk());
  check.ASSERT_THAT(task.shim().AwaitExit(std::chrono::seconds(10)), Eq(true),
                    {.text = "Shutdown ends the shim", .code = why::kLeftProcess});
}

void NothingIsLeft(CheckContext& check) {
  const PodNetwork network(check);
  const Task task = check.Run(Program("exit_code", "7"), {.bundle = network.InBundle()});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(7)));
  ShutDown(check, task);
  network.ExpectAsBefore("after the shim's end");
}

void NothingIsLeftByADeath(CheckContext& check) {
  const PodNetwork network(check);
  const Task task = check.Run(Program("pause"), {.bundle = network.InBundle()});
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  KillHypervisor(check);
  ExpectReleased(check, *wait, "the container of a pod whose hypervisor was killed");
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(EndedWithItsMachine()));
  ShutDown(check, task);
  network.ExpectAsBefore("after the hypervisor's death and the shim's end");
}

void NothingIsLeftByDelete(CheckContext& check) {
  const PodNetwork network(check);
  const Bundle bundle = check.MakeBundle(Program("pause"), network.InBundle());
  const Task task = check.Run(Program("pause"), {.existing_bundle = bundle});
  KillShimAndHypervisor(check, task.shim());
  ExpectDelete(check, bundle, "with shim and hypervisor dead");
  network.ExpectAsBefore("after `delete`");
  ExpectDelete(check, bundle, "a second time");
}

}  // namespace

void AddVmNetworkChecks(std::vector<Check>& checks) {
  const Needs network = ToNeeds(Need::kNetwork);
  const std::vector<Check> rows = {
      {.id = "vm/the-guest-has-the-links-of-its-pod",
       .requirements = {"VM-35"},
       .tags = {kHypervisorTag},
       .needs = network | Need::kGrouping,
       .run = HasTheLinksOfItsPod},
      {.id = "vm/all-containers-reach-the-peer-of-their-pod",
       .requirements = {"VM-36", "VM-16"},
       .tags = {kHypervisorTag},
       .needs = network | Need::kGrouping,
       .run = AllReachThePeer},
      {.id = "vm/a-pod-with-nothing-but-lo-has-no-nic",
       .requirements = {"VM-39"},
       .tags = {kHypervisorFaultsTag},
       .needs = network,
       .run = NeedsNoNic},
      {.id = "vm/nothing-is-left-in-the-network-of-a-pod",
       .requirements = {"VM-38"},
       .level = Level::kShould,
       .tags = {kHypervisorTag},
       .needs = network,
       .run = NothingIsLeft},
      {.id = "vm/a-killed-hypervisor-leaves-nothing-in-the-network-of-a-pod",
       .requirements = {"VM-38"},
       .level = Level::kShould,
       .tags = {kHypervisorTag},
       .needs = network,
       .run = NothingIsLeftByADeath},
      {.id = "vm/delete-leaves-nothing-in-the-network-of-a-pod",
       .requirements = {"VM-38"},
       .level = Level::kShould,
       .tags = {kHypervisorTag},
       .needs = network,
       .run = NothingIsLeftByDelete},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  for (const Family& family : kFamilies) {
    checks.push_back({.id = absl::StrCat("vm/a-container-reaches-its-peer-over-", family.word),
                      .requirements = {"VM-36"},
                      .tags = {"matrix", kHypervisorTag},
                      .needs = network,
                      .run = [&family](CheckContext& check) { ReachesThePeer(check, family); }});
  }
}

}  // namespace conformance
