// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/virtual_machine.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/leak_guard.h"
#include "fakes/hypervisor/limits.h"

namespace fakes {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ScriptedMachine : public GuestMachine {
 public:
  absl::Status Boot(const MachineSettings& settings) override {
    calls.push_back(absl::StrCat("boot ", settings.vcpus, " ", settings.vsock_socket));
    for (const MachineDisk& disk : settings.disks) AddDisk(disk);
    for (const MachineNic& nic : settings.nics) (void)AddNic(nic);
    return boot;
  }
  absl::Status AddVsock(const std::string& socket) override {
    calls.push_back(absl::StrCat("vsock ", socket));
    return boot;
  }
  void AddDisk(const MachineDisk& disk) override {
    calls.push_back(absl::StrCat("plug ", disk.bdf, " ", disk.path, disk.readonly ? " ro" : ""));
  }
  void RemoveDisk(const std::string& bdf) override { calls.push_back("unplug " + bdf); }
  absl::Status AddNic(const MachineNic& nic) override {
    calls.push_back(absl::StrCat("nic ", nic.id, " ", nic.mac, " ", nic.tap, " ", nic.fds.size()));
    return nics;
  }
  void RemoveNic(const std::string& id) override { calls.push_back("no nic " + id); }
  std::map<std::string, NicCounters> Counters() const override {
    return {{"n2", {.rx_bytes = 7, .rx_frames = 1, .tx_bytes = 0, .tx_frames = 0}}};
  }
  void SetVcpus(unsigned count) override { calls.push_back(absl::StrCat("vcpus ", count)); }
  void Pause() override { calls.emplace_back("pause"); }
  void Resume() override { calls.emplace_back("resume"); }
  void Stop() override { calls.emplace_back("stop"); }

  std::vector<std::string> calls;
  absl::Status boot;
  absl::Status nics;
};

class VirtualMachineTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override { base::testing::WriteFile(temp_.File("kernel"), "k"); }
  HttpReply Call(const std::string& method, const std::string& call, const std::string& body = "") {
    return vm_.Call({.method = method, .target = absl::StrCat("/api/v1/", call), .body = body});
  }
  int Put(const std::string& call, const std::string& body = "") {
    return Call("PUT", call, body).status;
  }
  std::string Info() { return Call("GET", "vm.info").body; }
  std::string Config(const std::string& more = "") {
    return absl::StrCat(R"({"payload":{"kernel":")", temp_.File("kernel"), R"("},)",
                        R"("cpus":{"boot_vcpus":2,"max_vcpus":4},)",
                        R"("memory":{"size":1000,"hotplug_size":500})", more, "}");
  }

  ScriptedMachine machine_;
  VirtualMachine vm_{machine_, "v1.2.3"};
};

TEST_F(VirtualMachineTest, LivesFromCreateToDelete) {
  EXPECT_EQ(vm_.state(), "None");
  EXPECT_EQ(Put("vm.create", Config(R"(,"vsock":{"cid":3,"socket":"/v"})")), 204);
  EXPECT_THAT(Info(), HasSubstr(R"("state":"Created")"));
  EXPECT_EQ(Put("vm.boot"), 204);
  EXPECT_THAT(Info(), HasSubstr(R"("state":"Running")"));
  EXPECT_EQ(Put("vm.pause"), 204);
  EXPECT_THAT(Info(), HasSubstr(R"("state":"Paused")"));
  EXPECT_EQ(Put("vm.resume"), 204);
  EXPECT_EQ(Put("vm.reboot"), 204);
  EXPECT_EQ(Put("vm.power-button"), 204);
  EXPECT_EQ(Put("vm.shutdown"), 204);
  EXPECT_THAT(Info(), HasSubstr(R"("state":"Created")"));
  EXPECT_EQ(Put("vm.boot"), 204);
  EXPECT_EQ(Put("vm.delete"), 204);
  EXPECT_EQ(Call("GET", "vm.info").status, 404);
  EXPECT_THAT(machine_.calls, ElementsAre("boot 2 /v", "pause", "resume", "stop", "boot 2 /v",
                                          "stop", "boot 2 /v", "stop"));
  EXPECT_FALSE(vm_.shut_down());
  EXPECT_EQ(Put("vmm.shutdown"), 204);
  EXPECT_TRUE(vm_.shut_down());
}

TEST_F(VirtualMachineTest, RefusesWhatItsStateDoesNotAllow) {
  for (const char* call :
       {"vm.boot", "vm.pause", "vm.resume", "vm.shutdown", "vm.reboot", "vm.power-button"}) {
    EXPECT_EQ(Put(call), 404) << call;
  }
  EXPECT_EQ(Put("vm.add-net", "{}"), 404);
  ASSERT_EQ(Put("vm.create", Config()), 204);
  EXPECT_EQ(Put("vm.create", Config()), 500);
  for (const char* call :
       {"vm.pause", "vm.resume", "vm.shutdown", "vm.reboot", "vm.power-button"}) {
    EXPECT_EQ(Put(call), 500) << call;
  }
  EXPECT_EQ(Call("GET", "vm.counters").status, 500);
  ASSERT_EQ(Put("vm.boot"), 204);
  EXPECT_EQ(Put("vm.boot"), 500);
  EXPECT_EQ(Put("vm.resume"), 500);
  EXPECT_EQ(Put("vm.pause"), 204);
  EXPECT_EQ(Put("vm.pause"), 500);
  EXPECT_EQ(Call("GET", "vm.boot").status, 400);
  EXPECT_EQ(Call("PUT", "vmm.ping").status, 400);
  EXPECT_EQ(Put("vm.snapshot"), 404);
  EXPECT_EQ(vm_.Call({.method = "GET", .target = "/"}).status, 404);
}

TEST_F(VirtualMachineTest, DisksAreInTheGuestAsLongAsTheyArePlugged) {
  const std::string image = temp_.File("kernel");
  const std::string path = absl::StrCat(R"("path":")", image, "\"");
  ASSERT_EQ(Put("vm.create", Config(absl::StrCat(R"(,"disks":[{)", path, "}]"))), 204);
  ASSERT_EQ(Put("vm.boot"), 204);
  const std::string added =
      Call("PUT", "vm.add-disk", absl::StrCat(R"({"id":"d","readonly":true,)", path, "}")).body;
  EXPECT_THAT(added, HasSubstr(R"("bdf":"0000:00:02.0")"));
  EXPECT_EQ(Put("vm.add-disk", R"({"id":"e","path":"/none"})"), 500);
  EXPECT_EQ(Put("vm.remove-device", R"({"id":"d"})"), 204);
  EXPECT_THAT(machine_.calls,
              ElementsAre("boot 2 ", absl::StrCat("plug 0000:00:01.0 ", image),
                          absl::StrCat("plug 0000:00:02.0 ", image, " ro"), "unplug 0000:00:02.0"));
}

TEST_F(VirtualMachineTest, ABootThatFailsLeavesItCreated) {
  ASSERT_EQ(Put("vm.create", Config()), 204);
  machine_.boot = absl::UnavailableError("no socket");
  EXPECT_THAT(Call("PUT", "vm.boot").body, HasSubstr("no socket"));
  EXPECT_EQ(vm_.state(), "Created");
  ASSERT_EQ(Put("vm.delete"), 204);
  ASSERT_EQ(Put("vm.create", R"({"payload":{"kernel":"/none"}})"), 204);
  EXPECT_THAT(Call("PUT", "vm.boot").body, HasSubstr("kernel /none"));
}

TEST_F(VirtualMachineTest, MalformedConfigurationsNameTheMember) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "the body: expected an object"},
      {"[]", "the body: expected an object"},
      {"{", "no JSON"},
      {"{}", "payload: expected"},
      {R"({"payload":{}})", "payload: expected kernel"},
      {Config(R"(,"net":{})"), "net: expected an array"},
      {Config(R"(,"net":[1])"), "net: expected an object"},
      {Config(R"(,"net":[{"mac":"02:00"}])"), "net.mac: expected six"},
      {Config(R"(,"net":[{"tap":7}])"), "net.tap: expected a string"},
      {Config(R"(,"net":[{"tap":"sixteen-letters-"}])"), "net.tap: expected less than 16"},
      {Config(R"(,"net":[{"num_queues":1}])"), "net.num_queues: expected a number"},
      {Config(R"(,"fs":[{}])"), "fs.socket: expected"},
      {Config(R"(,"disks":[{"path":7}])"), "disks.path: expected a string"},
      {Config(R"(,"net":[{"id":"a"}],"disks":[{"id":"a"}])"), "one device of \\\"a\\\""},
      {R"({"payload":{"kernel":"k"},"cpus":{"boot_vcpus":0}})", "cpus.boot_vcpus: expected"},
      {R"({"payload":{"kernel":"k"},"cpus":{"boot_vcpus":2,"max_vcpus":1}})", "cpus.max_vcpus"},
      {R"({"payload":{"kernel":"k"},"memory":{"size":-1}})", "memory.size: expected a number"},
      {R"({"payload":{"kernel":"k"},"memory":7})", "memory: expected an object"},
      {absl::StrCat(std::string(100, '['), std::string(100, ']')), "nested too deep"}};
  for (const auto& [body, message] : cases) {
    const HttpReply reply = Call("PUT", "vm.create", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_THAT(reply.body, HasSubstr(message)) << body;
  }
  EXPECT_EQ(vm_.state(), "None");
}

TEST_F(VirtualMachineTest, DevicesGetPlacesInTheOrderOfTheBus) {
  ASSERT_EQ(Put("vm.create", Config(R"(,"disks":[{"path":")" + temp_.File("kernel") + "\"}]")),
            204);
  EXPECT_EQ(Put("vm.add-net", R"({"tap":"t","id":"eth"})"), 204);
  ASSERT_EQ(Put("vm.boot"), 204);
  EXPECT_THAT(Info(), HasSubstr(R"("pci_bdf":"0000:00:01.0")"));
  EXPECT_EQ(Call("PUT", "vm.add-net", R"({"id":"n2"})").body,
            R"({"bdf":"0000:00:03.0","id":"n2"})");
  EXPECT_THAT(machine_.calls, Contains("nic eth  t 0"));
  EXPECT_EQ(Put("vm.add-net", R"({"id":"n2"})"), 500);
  EXPECT_EQ(Put("vm.add-disk", R"({"path":"/none"})"), 500);
  EXPECT_EQ(Put("vm.remove-device", R"({"id":"eth"})"), 204);
  EXPECT_EQ(Put("vm.remove-device", R"({"id":"eth"})"), 500);
  EXPECT_EQ(Put("vm.remove-device", R"({"id":1})"), 400);
  EXPECT_EQ(Call("PUT", "vm.add-fs", R"({"socket":"/s","tag":"kataShared","id":"f"})").body,
            R"({"bdf":"0000:00:02.0","id":"f"})");
  EXPECT_EQ(Call("PUT", "vm.add-vsock", R"({"cid":3,"socket":"/v","id":"v"})").status, 200);
  EXPECT_EQ(machine_.calls.back(), "vsock /v");
  EXPECT_EQ(Put("vm.add-vsock", R"({"cid":4,"socket":"/w"})"), 500);
  EXPECT_THAT(Call("GET", "vm.counters").body, HasSubstr(R"("n2":{"rx_bytes":7)"));
  int added = 0;
  while (Put("vm.add-device", R"({"path":"/sys/x"})") == 200) ++added;
  EXPECT_EQ(added, static_cast<int>(kPciSlots) - 1 - 4);
}

TEST_F(VirtualMachineTest, ResizesWithinWhatWasAllowed) {
  ASSERT_EQ(Put("vm.create", Config()), 204);
  ASSERT_EQ(Put("vm.boot"), 204);
  EXPECT_EQ(Put("vm.resize", R"({"desired_vcpus":4,"desired_ram":1500})"), 204);
  EXPECT_EQ(machine_.calls.back(), "vcpus 4");
  EXPECT_THAT(Info(), HasSubstr(R"("memory_actual_size":1500)"));
  EXPECT_EQ(Put("vm.resize", R"({"desired_vcpus":5})"), 500);
  EXPECT_EQ(Put("vm.resize", R"({"desired_ram":1501})"), 500);
  EXPECT_EQ(Put("vm.resize", R"({"desired_ram":999})"), 500);
  EXPECT_EQ(Put("vm.resize", R"({"desired_vcpus":"2"})"), 400);
  EXPECT_EQ(Put("vm.resize", "7"), 400);
}

TEST_F(VirtualMachineTest, KeepsTheFilesOfADeviceUntilItGoes) {
  ASSERT_EQ(Put("vm.create", Config()), 204);
  HttpRequest request{.method = "PUT", .target = "/api/v1/vm.add-net", .body = R"({"id":"n"})"};
  request.files.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int fd = request.files[0].get();
  EXPECT_EQ(vm_.Call(std::move(request)).status, 204);
  EXPECT_EQ(base::testing::OpenFds().count(fd), 1U);
  EXPECT_EQ(Put("vm.remove-device", R"({"id":"n"})"), 204);
  EXPECT_EQ(base::testing::OpenFds().count(fd), 0U);
}

TEST_F(VirtualMachineTest, ANicThatTheMachineRefusesIsNotThere) {
  ASSERT_EQ(Put("vm.create", Config()), 204);
  ASSERT_EQ(Put("vm.boot"), 204);
  machine_.nics = absl::UnavailableError("no such tap");
  const std::string nic = R"({"id":"n","mac":"02:00:00:00:00:01","tap":"t"})";
  EXPECT_THAT(Call("PUT", "vm.add-net", nic).body, HasSubstr("no such tap"));
  EXPECT_EQ(machine_.calls.back(), "nic n 02:00:00:00:00:01 t 0");
  EXPECT_EQ(Put("vm.remove-device", R"({"id":"n"})"), 500);
  machine_.nics = absl::OkStatus();
  EXPECT_THAT(Call("PUT", "vm.add-net", nic).body, HasSubstr("0000:00:01.0"));
  EXPECT_EQ(Put("vm.remove-device", R"({"id":"n"})"), 204);
  EXPECT_THAT(machine_.calls, Contains("no nic n"));
}

TEST(OddBdfTest, ReplacesThePlaceAndNothingElse) {
  const HttpReply reply = {.status = 200, .body = R"({"bdf":"0000:00:03.0","id":"x"})"};
  EXPECT_EQ(WithOddBdf(reply, "b").body, R"({"bdf":"b","id":"x"})");
  EXPECT_EQ(WithOddBdf(reply, "").body, R"({"id":"x"})");
  EXPECT_EQ(WithOddBdf({.status = 204}, "b"), HttpReply{.status = 204});
}

}  // namespace
}  // namespace fakes
