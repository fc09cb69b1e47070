// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_config.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "reference-shim/backends/vm/cloud_hypervisor.h"
#include "runtimeoptions/v1/options.pb.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr char kLeast[] =
    "[hypervisor]\n"
    "kernel = \"/k\"\n"
    "image = \"/i\"\n";

std::string ErrorOf(const std::string& toml) {
  const auto config = ParseVmConfig(toml, "vm.toml");
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << toml;
  return std::string(config.status().message());
}

TEST(VmConfig, WhatIsNotSaidHasADefault) {
  const auto config = ParseVmConfig(kLeast, "vm.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  VmConfig expected;
  expected.kernel = "/k";
  expected.image = "/i";
  EXPECT_EQ(*config, expected);
}

TEST(VmConfig, EveryKeyIsRead) {
  const auto config = ParseVmConfig(
      "[hypervisor]\nkind = \"cloud-hypervisor\"\npath = \"/h\"\nkernel = \"/k\"\n"
      "initrd = \"/r\"\ncommand_line = \"quiet\"\narguments = [\"-v\", \"${shared}\"]\n"
      "vcpus = 2\nmemory_mib = 512\nmax_vcpus = 4\nmax_memory_mib = 1024\nvirtiofsd = \"/v\"\n"
      "[agent]\nport = 5\n[network]\nmodel = \"none\"\n"
      "[timeouts]\nlaunch = 1\napi = 2\nboot = 3\nagent = 4\ncall = 5\nstop = 6\n"
      "[health]\ninterval = 7\ntimeout = 8\nfailures = 9\n"
      "[trace]\nfile = \"/t\"\n",
      "vm.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  const VmConfig expected{.kind = HypervisorKind::kCloudHypervisor,
                          .path = "/h",
                          .kernel = "/k",
                          .image = "",
                          .initrd = "/r",
                          .command_line = "quiet",
                          .accelerator = "kvm:tcg",
                          .virtiofsd = "/v",
                          .arguments = {"-v", "${shared}"},
                          .vcpus = 2,
                          .memory_mib = 512,
                          .vcpus_max = 4,
                          .memory_mib_max = 1024,
                          .agent_port = 5,
                          .network = NetworkModel::kNone,
                          .launch_timeout = milliseconds(1),
                          .api_timeout = milliseconds(2),
                          .boot_timeout = milliseconds(3),
                          .agent_timeout = milliseconds(4),
                          .call_timeout = milliseconds(5),
                          .stop_timeout = milliseconds(6),
                          .health_interval = milliseconds(7),
                          .health_timeout = milliseconds(8),
                          .health_failures = 9,
                          .trace_file = "/t"};
  EXPECT_EQ(*config, expected);
}

TEST(VmConfig, ANetworkModelIsOneOfTwo) {
  const auto with = [](const char* model) {
    return absl::StrCat(kLeast, "[network]\nmodel = ", model, "\n");
  };
  EXPECT_EQ(ParseVmConfig(with("\"tc\""), "vm.toml")->network, NetworkModel::kTrafficControl);
  EXPECT_EQ(ErrorOf(with("\"macvtap\"")),
            "vm.toml: [network] model: \"macvtap\": expected \"tc\" or \"none\"");
  EXPECT_EQ(ErrorOf(with("1")), "vm.toml:5: [network] model: expected a string");
  EXPECT_EQ(ErrorOf(absl::StrCat(kLeast, "[network]\nqueues = 1\n")),
            "vm.toml:5: [network] queues: no such key");
}

TEST(VmConfig, AMistakeIsNamedWithFileLineKeyAndExpectation) {
  EXPECT_EQ(ErrorOf("[hypervisor]\nkernel = 3\n"),
            "vm.toml:2: [hypervisor] kernel: expected a string");
  EXPECT_EQ(ErrorOf("[hypervisor]\nkernel = \"k\"\n"),
            "vm.toml:2: [hypervisor] kernel: expected an absolute path");
  EXPECT_EQ(ErrorOf(absl::StrCat(kLeast, "vcpus = 0\n")),
            "vm.toml:4: [hypervisor] vcpus: expected a whole number between 1 and 1024");
  EXPECT_EQ(ErrorOf(absl::StrCat(kLeast, "arguments = \"-v\"\n")),
            "vm.toml:4: [hypervisor] arguments: expected a list of strings");
  EXPECT_EQ(ErrorOf(absl::StrCat(kLeast, "cpus = 1\n")),
            "vm.toml:4: [hypervisor] cpus: no such key");
  EXPECT_EQ(ErrorOf(absl::StrCat(kLeast, "[timeouts]\nboot = \"1s\"\n")),
            "vm.toml:5: [timeouts] boot: expected a whole number between 1 and 3600000");
  EXPECT_EQ(ErrorOf(absl::StrCat(kLeast, "[trace]\nfile = \"t.json\"\n")),
            "vm.toml:5: [trace] file: expected an absolute path");
  EXPECT_THAT(ErrorOf(absl::StrCat(kLeast, "[networks]\n")), HasSubstr("vm.toml:4: networks:"));
  EXPECT_THAT(ErrorOf("health = 3\n[hypervisor]\nkernel=\"/k\"\nimage=\"/i\"\n"),
              HasSubstr("[health]: expected a table"));
  EXPECT_THAT(ErrorOf("[hypervisor\n"), HasSubstr("vm.toml:1: "));
  EXPECT_THAT(ErrorOf("[hypervisor]\nimage = \"/i\"\n"), HasSubstr("kernel: missing"));
  EXPECT_THAT(ErrorOf("[hypervisor]\nkernel = \"/k\"\n"), HasSubstr("expected one of the two"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kLeast, "initrd = \"/r\"\n")), HasSubstr("one of the two"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kLeast, "kind = \"xen\"\n")),
              HasSubstr("kind: \"xen\": expected \"cloud-hypervisor\" or \"qemu\""));
  EXPECT_THAT(ErrorOf(absl::StrCat(kLeast, "accelerator = \"tcg\"\n")),
              HasSubstr("accelerator: expected for kind \"qemu\" only"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kLeast, "kind = \"qemu\"\nmax_vcpus = 8\n")),
              HasSubstr("max_vcpus, max_memory_mib: expected for kind \"cloud-hypervisor\" only"));
  EXPECT_EQ(ErrorOf(absl::StrCat(kLeast, "vcpus = 4\nmax_vcpus = 2\n")),
            "vm.toml:5: [hypervisor] max_vcpus: expected a whole number between 4 and 1024");
  EXPECT_THAT(ErrorOf(absl::StrCat(kLeast, "kind = \"qemu\"\naccelerator = \"tcg,x=y\"\n")),
              HasSubstr("accelerator: \"tcg,x=y\": expected names such as \"kvm:tcg\""));
}

TEST(VmConfig, QemuHasKeysAndADefaultOfItsOwn) {
  auto config = ParseVmConfig(absl::StrCat(kLeast, "kind = \"qemu\"\n"), "vm.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->kind, HypervisorKind::kQemu);
  EXPECT_EQ(config->path, "qemu-system-x86_64");
  EXPECT_EQ(config->accelerator, "kvm:tcg");
  config = ParseVmConfig(absl::StrCat(kLeast, "kind = \"qemu\"\npath = \"/q\"\naccelerator = ",
                                      "\"tcg\"\nvirtiofsd = \"/v\"\n"),
                         "vm.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->path, "/q");
  EXPECT_EQ(config->accelerator, "tcg");
  EXPECT_EQ(config->virtiofsd, "/v");
}

shim::Opaque Options(const std::string& path, const std::string& body) {
  runtimeoptions::v1::Options options;
  options.set_config_path(path);
  options.set_config_body(body);
  return {.type_url = "runtimeoptions.v1.Options", .value = options.SerializeAsString()};
}

TEST(VmConfig, OptionsOrAnAnnotationChooseTheBackend) {
  EXPECT_TRUE(IsVmTask(Options("/vm.toml", ""), {}));
  EXPECT_TRUE(IsVmTask(Options("", kLeast), {}));
  EXPECT_FALSE(IsVmTask(Options("", ""), {}));
  EXPECT_FALSE(IsVmTask({}, {}));
  EXPECT_FALSE(IsVmTask({.type_url = "containerd.runc.v1.Options", .value = "\x12\x01x"}, {}));
  EXPECT_TRUE(IsVmTask({}, {{kBackendAnnotation, "vm"}}));
  EXPECT_FALSE(IsVmTask(Options("/vm.toml", ""), {{kBackendAnnotation, "oci"}}));
}

TEST(VmConfig, FilesThatAreNotThereAreNamed) {
  base::testing::TempDir temp;
  const std::string file = temp.File("vm.toml");
  EXPECT_THAT(std::string(FindVmConfig(Options(file, "")).status().message()), HasSubstr(file));
  base::testing::WriteFile(file, absl::StrCat("[hypervisor]\npath = \"/bin/true\"\nkernel = \"",
                                              file, "\"\nimage = \"/no/image\"\n"));
  EXPECT_THAT(std::string(FindVmConfig(Options(file, "")).status().message()),
              HasSubstr(file + ": [hypervisor] image /no/image: No such file"));
  EXPECT_THAT(
      std::string(FindVmConfig(Options("", absl::StrCat(kLeast, "path = \"no-such-vmm\"\n")))
                      .status()
                      .message()),
      HasSubstr("options.config_body: [hypervisor] path: no-such-vmm is not installed"));
}

TEST(VmConfig, AVirtiofsdThatIsNotThereIsNamed) {
  const std::string body =
      "[hypervisor]\nkind = \"qemu\"\npath = \"/bin/true\"\nkernel = \"/bin/true\"\n"
      "initrd = \"/bin/true\"\n";
  EXPECT_THAT(
      std::string(
          FindVmConfig(Options("", body + "virtiofsd = \"no-such-daemon\"\n")).status().message()),
      HasSubstr("[hypervisor] virtiofsd: no-such-daemon is not installed"));
  EXPECT_THAT(
      std::string(
          FindVmConfig(Options("", body + "virtiofsd = \"/no/daemon\"\n")).status().message()),
      HasSubstr("[hypervisor] virtiofsd /no/daemon: No such file"));
}

TEST(CloudHypervisorVm, IsWhatTheConfigurationSays) {
  VmConfig config;
  config.kernel = "/k";
  config.initrd = "/r";
  config.memory_mib = 64;
  EXPECT_EQ(CloudHypervisorVm(config, "/v.sock"),
            "{\"console\":{\"mode\":\"Off\"},\"cpus\":{\"boot_vcpus\":1,\"max_vcpus\":1},"
            "\"memory\":{\"shared\":true,\"size\":67108864},"
            "\"payload\":{\"cmdline\":\"\",\"initramfs\":\"/r\",\"kernel\":\"/k\"},"
            "\"rng\":{\"src\":\"/dev/urandom\"},\"serial\":{\"mode\":\"Null\"},"
            "\"vsock\":{\"cid\":3,\"socket\":\"/v.sock\"}}");
}

TEST(CloudHypervisorVm, HasRoomToGrowAndADeviceForSharedFiles) {
  VmConfig config;
  config.kernel = "/k";
  config.image = "/i";
  config.vcpus_max = 4;
  config.memory_mib_max = config.memory_mib + 300;
  const std::string body = CloudHypervisorVm(config, "/v.sock", "/fs.sock");
  EXPECT_THAT(body, HasSubstr("{\"boot_vcpus\":1,\"max_vcpus\":4}"));
  EXPECT_THAT(body, HasSubstr("\"hotplug_size\":268435456")) << "whole blocks of 128 MiB";
  EXPECT_THAT(body, HasSubstr("\"tag\":\"kataShared\""));
  EXPECT_THAT(body, HasSubstr("\"socket\":\"/fs.sock\""));
}

}  // namespace
}  // namespace backends
