// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ErrorOf(const std::string& toml) {
  const absl::StatusOr<Profile> profile = ParseProfile(toml, "p.toml");
  if (profile.ok()) return "no error";
  EXPECT_EQ(profile.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(profile.status().message());
}

TEST(ProfileTest, TheDefaultClaimsAllOfARuncTypeShim) {
  const Profile profile = DefaultProfile();
  EXPECT_EQ(profile.engine, "runc");
  EXPECT_EQ(profile.guest, Profile::Guest::kRootfs);
  EXPECT_NE(profile.claims & ToNeeds(Need::kExec), 0u);
  EXPECT_NE(profile.claims & ToNeeds(Need::kOomEvents), 0u);
  EXPECT_EQ(profile.claims & ToNeeds(Need::kCheckpoint), 0u);
  EXPECT_EQ(profile.claims & ToNeeds(Need::kFakeEngine), 0u);  // nothing a shim could offer
}

TEST(ProfileTest, ReadsEverything) {
  const absl::StatusOr<Profile> profile = ParseProfile(R"(
schema = 1
[shim]
path = "/opt/shim"
env = { DEBUG = "1", EMPTY = "" }
bootstrap = ["params", "legacy"]
task = [2, 3]
[engine]
kind = "oci"
binary = "crun"
fake_ok = false
[guest]
kind = "host"
[claims]
exec = true
pause = false
oci-engine = true
[limits]
boot = "1500ms"
rpc = "2.5s"
max_parallel = 3
[log]
fatal = ["panic:", "fatal error:"]
)",
                                                       "p.toml");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->name, "p.toml");
  EXPECT_EQ(profile->shim_path, "/opt/shim");
  EXPECT_EQ(profile->env.at("DEBUG"), "1");
  EXPECT_EQ(profile->env.at("EMPTY"), "");
  EXPECT_THAT(profile->dialects, ElementsAre("params", "legacy"));
  EXPECT_THAT(profile->task_versions, ElementsAre(2, 3));
  EXPECT_EQ(profile->engine, "crun");
  EXPECT_FALSE(profile->fake_ok);
  EXPECT_EQ(profile->guest, Profile::Guest::kHost);
  EXPECT_EQ(profile->claims, Need::kExec | Need::kOciEngine);
  EXPECT_EQ(profile->boot_limit, std::chrono::milliseconds(1500));
  EXPECT_EQ(profile->rpc_limit, std::chrono::milliseconds(2500));
  EXPECT_EQ(profile->max_parallel, 3);
  EXPECT_THAT(profile->fatal_log, ElementsAre("panic:", "fatal error:"));
}

TEST(ProfileTest, WhatATableLeavesOutStaysAsItWas) {
  const absl::StatusOr<Profile> profile = ParseProfile(
      "schema = 1\n[shim]\n[engine]\nkind = \"none\"\n[limits]\nrpc = \"2s\"\n[log]\n", "p.toml");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->shim_path, "");
  EXPECT_THAT(profile->dialects, IsEmpty());
  EXPECT_THAT(profile->task_versions, IsEmpty());
  EXPECT_EQ(profile->dump_signal, 0);
  EXPECT_TRUE(profile->fake_ok);
  EXPECT_EQ(profile->boot_limit, Profile().boot_limit);
  EXPECT_EQ(profile->rpc_limit, std::chrono::milliseconds(2000));
  EXPECT_EQ(profile->max_parallel, 0);
  EXPECT_THAT(profile->fatal_log, IsEmpty());
}

TEST(ProfileTest, AShimInAVmNamesItsHypervisor) {
  const std::string toml =
      "schema = 1\n[engine]\nkind = \"vm\"\nhypervisor = \"/opt/h\"\nconfig = \"a = 1\"\n";
  const absl::StatusOr<Profile> profile = ParseProfile(toml, "p.toml");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->hypervisor, "/opt/h");
  EXPECT_EQ(profile->vm_config, "a = 1");
  EXPECT_EQ(profile->engine, "");
  EXPECT_THAT(ErrorOf(toml + "binary = \"runc\"\n"),
              HasSubstr("p.toml:6:10: [engine] binary: unknown key"));
}

TEST(ProfileTest, GuestsOfWebAssemblyClaimIt) {
  const absl::StatusOr<Profile> profile =
      ParseProfile("schema = 1\n[guest]\nkind = \"wasm\"\n[claims]\nexec = true\n", "p.toml");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->guest, Profile::Guest::kWasm);
  EXPECT_EQ(profile->claims, Need::kExec | Need::kWasm);
  EXPECT_EQ(DefaultProfile().claims & ToNeeds(Need::kWasm), 0u);

  const absl::StatusOr<Profile> both =
      ParseProfile("schema = 1\n[claims]\nwasm = true\n", "p.toml");
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->guest, Profile::Guest::kRootfs);
  EXPECT_EQ(both->claims, ToNeeds(Need::kWasm));
  EXPECT_THAT(ErrorOf("schema = 1\n[guest]\nkind = \"host\"\n[claims]\nwasm = true\n"),
              HasSubstr("p.toml:5:8: [claims] wasm: claimed, but guests of kind \"host\""));
}

TEST(ProfileTest, TheSignalForStacksIsOneThatCanBeCaught) {
  const auto read = [](const std::string& name) {
    return ParseProfile("schema = 1\n[shim]\ndump_signal = \"" + name + "\"\n", "p.toml");
  };
  EXPECT_EQ(read("SIGUSR1")->dump_signal, SIGUSR1);
  EXPECT_EQ(read("SIGQUIT")->dump_signal, SIGQUIT);
  for (const char* name : {"SIGKILL", "SIGSTOP", "SIGRTMIN", "USR1", "SIGnone", "SIG", "12", ""}) {
    EXPECT_THAT(std::string(read(name).status().message()),
                HasSubstr("p.toml:3:15: [shim] dump_signal: expected a signal that a program can "
                          "catch"))
        << name;
  }
}

TEST(ProfileTest, WhatIsNotMentionedIsNotClaimed) {
  const absl::StatusOr<Profile> profile = ParseProfile("schema = 1\n", "p.toml");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->claims, 0u);
  EXPECT_EQ(profile->engine, "");
}

TEST(ProfileTest, ErrorsNameFileLineAndKey) {
  EXPECT_THAT(ErrorOf("schema = 1\n[claims]\nexec = \"yes\"\n"),
              HasSubstr("p.toml:3:8: [claims] exec: expected true or false"));
  EXPECT_THAT(ErrorOf("schema = 1\n[claims]\nfake-engine = true\n"), HasSubstr("unknown key"));
  EXPECT_THAT(ErrorOf("schema = 1\n[claims]\nfly = true\n"),
              HasSubstr("p.toml:3:7: [claims] fly: unknown key; known here:"));
  EXPECT_THAT(ErrorOf("schema = 1\n[wings]\n"), HasSubstr("p.toml:2:1: wings: unknown key"));
  EXPECT_THAT(ErrorOf("schema = 1\n[limits]\nboot = \"soon\"\n"),
              HasSubstr("p.toml:3:8: [limits] boot: expected a duration"));
  EXPECT_THAT(ErrorOf("schema = 1\n[shim]\nenv = { A = 1 }\n"),
              HasSubstr("[shim] env A: expected a string"));
  EXPECT_THAT(ErrorOf("schema = 1\nclaims = 3\n"),
              HasSubstr("p.toml:2:10: claims: expected a table"));
  EXPECT_THAT(ErrorOf("schema = 1\n[claims\n"), HasSubstr("p.toml:2:8: "));
}

TEST(ProfileTest, MisspeltKeysOfEveryTableAreRefused) {
  for (const std::string table : {"shim]\n", "engine]\nkind = \"oci\"\n",
                                  "guest]\nkind = \"host\"\n", "limits]\n", "log]\n"}) {
    EXPECT_THAT(ErrorOf("schema = 1\n[" + table + "fathal = []\n"),
                HasSubstr("fathal: unknown key; known here:"))
        << table;
  }
}

TEST(ProfileTest, TheClaimsAboutStartAreOfTheContract) {
  EXPECT_THAT(ErrorOf("schema = 1\n[shim]\nbootstrap = [\"legacy\", \"telnet\"]\n"),
              HasSubstr("p.toml:3:13: [shim] bootstrap: \"telnet\" is none of legacy, params"));
  EXPECT_THAT(ErrorOf("schema = 1\n[shim]\nbootstrap = []\n"),
              HasSubstr("[shim] bootstrap: a shim speaks at least one of legacy, params"));
  for (const std::string version : {"1", "4"}) {
    EXPECT_THAT(ErrorOf("schema = 1\n[shim]\ntask = [2, " + version + "]\n"),
                HasSubstr("[shim] task: there is version 2 and 3, not " + version));
  }
}

TEST(ProfileTest, AtLeastOneCheckRunsAtATime) {
  const auto read = [](int parallel) {
    return ParseProfile("schema = 1\n[limits]\nmax_parallel = " + std::to_string(parallel) + "\n",
                        "p.toml");
  };
  EXPECT_EQ(read(1)->max_parallel, 1);
  EXPECT_EQ(read(256)->max_parallel, 256);
  for (const int parallel : {-1, 0, 257}) {
    EXPECT_THAT(std::string(read(parallel).status().message()),
                HasSubstr("p.toml:3:16: [limits] max_parallel: between 1 and 256"))
        << parallel;
  }
}

TEST(ProfileTest, AFatalTextIsNotEmpty) {
  EXPECT_THAT(ErrorOf("schema = 1\n[log]\nfatal = [\"panic:\", \"\"]\n"),
              HasSubstr("p.toml:3:9: [log] fatal: every log contains \"\""));
}

TEST(ProfileTest, TheSchemaIsChecked) {
  EXPECT_THAT(ErrorOf("[claims]\n"), HasSubstr("schema: missing"));
  EXPECT_THAT(ErrorOf("schema = 2\n"), HasSubstr("p.toml:1:10: schema: this build reads schema 1"));
}

TEST(ProfileTest, ContradictionsAreRefused) {
  EXPECT_THAT(ErrorOf("schema = 1\n[claims]\noci-engine = true\n"), HasSubstr("names no engine"));
  EXPECT_THAT(ErrorOf("schema = 1\n[engine]\nkind = \"none\"\nbinary = \"runc\"\n"),
              HasSubstr("has no binary"));
  EXPECT_THAT(ErrorOf("schema = 1\n[engine]\nkind = \"qemu\"\n"),
              HasSubstr("\"oci\", \"vm\" or \"none\", not \"qemu\""));
  EXPECT_THAT(ErrorOf("schema = 1\n[engine]\nkind = \"vm\"\n"), HasSubstr("hypervisor: missing"));
  EXPECT_THAT(ErrorOf("schema = 1\n[engine]\nkind = \"vm\"\nhypervisor = \"h\"\n"),
              HasSubstr("config: missing"));
  EXPECT_THAT(ErrorOf("schema = 1\n[engine]\n"),
              HasSubstr("[engine] kind: missing; \"oci\", \"vm\" or \"none\""));
  EXPECT_THAT(ErrorOf("schema = 1\n[guest]\n"), HasSubstr("[guest] kind: missing"));
  EXPECT_THAT(ErrorOf("schema = 1\n[guest]\nkind = \"jvm\"\n"),
              HasSubstr("\"rootfs\", \"host\" or \"wasm\", not \"jvm\""));
}

TEST(ProfileTest, DurationsHaveLimits) {
  for (const char* text : {"0s", "-1s", "1h", "s", "1e300s", "nan s", ""}) {
    EXPECT_THAT(ErrorOf(std::string("schema = 1\n[limits]\nrpc = \"") + text + "\"\n"),
                HasSubstr("[limits] rpc: expected a duration"))
        << text;
  }
}

TEST(ProfileTest, AMissingFileIsNamed) {
  const absl::StatusOr<Profile> profile = ReadProfile("/no/such/profile.toml");
  EXPECT_EQ(profile.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(profile.status().message()), HasSubstr("/no/such/profile.toml: No such"));
}

TEST(ProfileTest, NamesOfNeeds) {
  EXPECT_EQ(NeedNames(Need::kExec | Need::kTerminal), "exec, terminal");
  EXPECT_EQ(NeedNames(0), "");
  EXPECT_EQ(NeedName(Need::kRootfsMounts), "rootfs-mounts");
}

}  // namespace
}  // namespace conformance
