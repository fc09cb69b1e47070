// SPDX-License-Identifier: Apache-2.0
#include "oci/spec_parser.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "oci/limits.h"
#include "oci/testing/full_spec.h"

namespace oci {
namespace {

using ::testing::ElementsAre;

// Every member this project knows, as other tools write it, beside some that it does not know.
constexpr char kFullConfig[] = R"json({
  "ociVersion": "1.1.0",
  "process": {
    "terminal": true,
    "consoleSize": {"height": 24, "width": 80},
    "user": {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [3, 4294967295], "username": "u"},
    "args": ["/bin/sh", "-c", "echo \"caf\u00e9\"\n"],
    "env": ["A=1", "B="],
    "cwd": "/work",
    "capabilities": {
      "bounding": ["CAP_KILL"], "effective": ["CAP_CHOWN"], "inheritable": ["CAP_SETUID"],
      "permitted": ["CAP_SETGID"], "ambient": ["CAP_MKNOD", "CAP_KILL"]
    },
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 18446744073709551615, "soft": 1024}],
    "noNewPrivileges": true,
    "oomScoreAdj": -100,
    "apparmorProfile": "profile",
    "selinuxLabel": "label",
    "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 4}
  },
  "root": {"path": "rootfs", "readonly": true},
  "hostname": "host",
  "domainname": "example.org",
  "mounts": [{
    "destination": "/data", "type": "bind", "source": "/srv", "options": ["rbind", "ro"],
    "uidMappings": [{"containerID": 0, "hostID": 1, "size": 2}],
    "gidMappings": [{"containerID": 3, "hostID": 4, "size": 5}]
  }],
  "hooks": {
    "prestart": [{"path": "/hooks/prestart", "args": ["prestart", "x"],
     "env": ["H=1"], "timeout": 5}],
    "createRuntime": [{"path": "/hooks/runtime", "args": ["runtime", "x"],
     "env": ["H=1"], "timeout": 5}],
    "createContainer": [{"path": "/hooks/container", "args": ["container", "x"],
     "env": ["H=1"], "timeout": 5}],
    "startContainer": [{"path": "/hooks/start", "args": ["start", "x"],
     "env": ["H=1"], "timeout": 5}],
    "poststart": [{"path": "/hooks/poststart", "args": ["poststart", "x"],
     "env": ["H=1"], "timeout": 5},
                  {"path": "/hooks/again", "args": ["again", "x"],
     "env": ["H=1"], "timeout": 5}],
    "poststop": [{"path": "/hooks/poststop", "args": ["poststop", "x"],
     "env": ["H=1"], "timeout": 5}]
  },
  "annotations": {"org.example/key": "value", "empty": ""},
  "linux": {
    "namespaces": [{"type": "pid"}, {"type": "network", "path": "/proc/1/ns/net"}],
    "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
    "gidMappings": [{"containerID": 1, "hostID": 200000, "size": 1}],
    "cgroupsPath": "/group/c1",
    "resources": {
      "memory": {"limit": 1048576, "reservation": 2, "swap": -1, "kernel": 3, "kernelTCP": 4,
                 "swappiness": 60, "disableOOMKiller": false, "useHierarchy": true,
                 "checkBeforeUpdate": true},
      "cpu": {"shares": 512, "quota": -1, "burst": 7, "period": 100000, "realtimeRuntime": 8,
              "realtimePeriod": 9, "cpus": "0-1", "mems": "0", "idle": 1},
      "pids": {"limit": 32},
      "devices": [ {"allow": false, "access": "rwm"} ],
      "unified": {"memory.high": "1"}
    },
    "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438,
                 "uid": 0, "gid": 5}],
    "maskedPaths": ["/proc/kcore"],
    "readonlyPaths": ["/proc/sys"],
    "sysctl": {"net.ipv4.ip_forward": "1"},
    "rootfsPropagation": "rslave",
    "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a b"]}]},
    "intelRdt": {"closID": "x"}
  },
  "windows": {"layerFolders": []},
  "x-unknown": [1, 2.5, null, {"deep": [[]]}]
})json";

std::string Error(absl::string_view json) {
  const absl::StatusOr<Spec> spec = ParseSpec(json);
  EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument) << json;
  return std::string(spec.status().message());
}

TEST(SpecParserTest, ReadsEveryMember) {
  const absl::StatusOr<Spec> spec = ParseSpec(kFullConfig);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(*spec, testing::FullSpec());
}

TEST(SpecParserTest, AbsentAndNullMembersAreDefaults) {
  EXPECT_EQ(*ParseSpec("{}"), Spec{});
  EXPECT_EQ(*ParseSpec(R"({"ociVersion":null,"process":null,"root":null,"mounts":null,
                           "hooks":null,"annotations":null,"linux":null})"),
            Spec{});
  EXPECT_EQ(*ParseSpec(R"({"process":{"user":null,"args":null,"capabilities":null,
                           "oomScoreAdj":null},"linux":{"resources":{"memory":null,"x":null},
                           "seccomp":null,"namespaces":null}})"),
            Spec{});
}

TEST(SpecParserTest, PresenceOfOptionalsIsKept) {
  const Spec spec = *ParseSpec(
      R"({"process":{"oomScoreAdj":0,"capabilities":{},"user":{"umask":0}},
          "linux":{"resources":{"memory":{},"pids":{"limit":0}}}})");
  EXPECT_EQ(spec.process.oom_score_adj, 0);
  EXPECT_EQ(spec.process.capabilities, Capabilities{});
  EXPECT_EQ(spec.process.user.umask, 0u);
  EXPECT_EQ(spec.linux.resources.memory, MemoryResources{});
  EXPECT_EQ(spec.linux.resources.cpu, std::nullopt);
  EXPECT_EQ(spec.linux.resources.pids_limit, 0);
}

TEST(SpecParserTest, RepeatedMembersReplaceLists) {
  EXPECT_THAT(ParseSpec(R"({"process":{"args":["a","b"],"args":["c"]}})")->process.args,
              ElementsAre("c"));
}

TEST(SpecParserTest, TypeErrorsNameThePath) {
  const struct {
    const char* json;
    const char* error;
  } kCases[] = {
      {"[]", "expected an object"},
      {"\"x\"", "expected an object"},
      {R"({"ociVersion":1})", "ociVersion: expected a string"},
      {R"({"process":[]})", "process: expected an object"},
      {R"({"process":{"args":"sh"}})", "process.args: expected an array"},
      {R"({"process":{"args":[7]}})", "process.args[0]: expected a string"},
      {R"({"process":{"args":["a",null]}})", "process.args[1]: expected a string"},
      {R"({"process":{"terminal":"yes"}})", "process.terminal: expected true or false"},
      {R"({"process":{"user":{"uid":-1}}})",
       "process.user.uid: expected an integer from 0 to 4294967295"},
      {R"({"process":{"user":{"uid":4294967296}}})",
       "process.user.uid: expected an integer from 0 to 4294967295"},
      {R"({"process":{"user":{"uid":1.5}}})",
       "process.user.uid: expected an integer from 0 to 4294967295"},
      {R"({"process":{"user":{"uid":"0"}}})", "process.user.uid: expected an integer"},
      {R"({"process":{"user":{"additionalGids":[1,{}]}}})",
       "process.user.additionalGids[1]: expected an integer"},
      {R"({"process":{"rlimits":[{"type":"RLIMIT_CORE","hard":-1}]}})",
       "process.rlimits[0].hard: expected an integer from 0 to 18446744073709551615"},
      {R"({"process":{"oomScoreAdj":2147483648}})",
       "process.oomScoreAdj: expected an integer from -2147483648 to 2147483647"},
      {R"({"process":{"capabilities":{"ambient":[true]}}})",
       "process.capabilities.ambient[0]: expected a string"},
      {R"({"root":{"readonly":0}})", "root.readonly: expected true or false"},
      {R"({"mounts":[{},{"options":{}}]})", "mounts[1].options: expected an array"},
      {R"({"hooks":{"poststop":[{"timeout":"1"}]}})",
       "hooks.poststop[0].timeout: expected an integer"},
      {R"({"annotations":{"a.b":1}})", "annotations.a.b: expected a string"},
      {R"({"linux":{"namespaces":[{"type":"pid"},{"type":"ipc"},{"type":3}]}})",
       "linux.namespaces[2].type: expected a string"},
      {R"({"linux":{"resources":{"memory":{"limit":9223372036854775808}}}})",
       "linux.resources.memory.limit: expected an integer from -9223372036854775808 to "
       "9223372036854775807"},
      {R"({"linux":{"resources":{"pids":{"limit":[]}}}})",
       "linux.resources.pids.limit: expected an integer"},
      {R"({"linux":{"resources":{"pids":3}}})", "linux.resources.pids: expected an object"},
      {R"({"linux":{"sysctl":{"a":1}}})", "linux.sysctl.a: expected a string"},
      {R"({"linux":{"devices":[{"fileMode":-1}]}})",
       "linux.devices[0].fileMode: expected an integer from 0 to 4294967295"},
  };
  for (const auto& test : kCases) EXPECT_EQ(Error(test.json), test.error) << test.json;
}

TEST(SpecParserTest, SyntaxErrorsNameThePlace) {
  EXPECT_EQ(Error("{\n  \"process\": {\n    \"args\" [\n"), "line 3, column 12: expected ':'");
  EXPECT_EQ(Error("{} {}"), "line 1, column 4: expected nothing more");
  EXPECT_EQ(Error(R"({"unknown":[01]})"), "line 1, column 14: expected ',' or ']'");
  EXPECT_EQ(Error(R"({"linux":{"seccomp":{]})"),
            "line 1, column 22: expected a member name in quotes");
}

TEST(SpecParserTest, EveryTruncationIsAnError) {
  const absl::string_view whole = kFullConfig;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(ParseSpec(whole.substr(0, length)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << length;
  }
}

TEST(SpecParserTest, SizeIsLimited) {
  EXPECT_EQ(Error(std::string(kJsonBytesMax + 1, ' ')), "the JSON text is too long");
}

TEST(SpecParserTest, ProcessAlone) {  // EXEC-01
  const absl::StatusOr<Process> process =
      ParseProcess(R"({"args":["ls"],"cwd":"/","user":{"uid":5},"terminal":true})");
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ(*process, (Process{.terminal = true, .user = {.uid = 5}, .args = {"ls"}, .cwd = "/"}));
  EXPECT_EQ(ParseProcess(R"({"args":[1]})").status().message(), "args[0]: expected a string");
}

TEST(SpecParserTest, ResourcesAlone) {  // UPDATE-01
  const absl::StatusOr<Resources> resources =
      ParseResources(R"({"memory":{"limit":1000},"blockIO":{ "weight" : 10 }})");
  ASSERT_TRUE(resources.ok()) << resources.status();
  EXPECT_EQ(*resources, (Resources{.memory = MemoryResources{.limit = 1000},
                                   .other_json = {{"blockIO", R"({"weight":10})"}}}));
  EXPECT_EQ(ParseResources("[]").status().message(), "expected an object");
}

TEST(SpecTest, PrivatePidNamespace) {  // REAP-06
  const auto with = [](const char* namespaces) {
    return *ParseSpec(absl::StrCat(R"({"linux":{"namespaces":)", namespaces, "}}"));
  };
  EXPECT_TRUE(HasPrivatePidNamespace(with(R"([{"type":"ipc"},{"type":"pid"}])")));
  EXPECT_FALSE(HasPrivatePidNamespace(with(R"([{"type":"pid","path":"/proc/1/ns/pid"}])")));
  EXPECT_FALSE(HasPrivatePidNamespace(with(R"([{"type":"ipc"}])")));
  EXPECT_FALSE(HasPrivatePidNamespace(Spec{}));
  EXPECT_EQ(FindNamespace(with(R"([{"type":"ipc","path":"/x"}])"), "ipc")->path, "/x");
  EXPECT_EQ(FindNamespace(Spec{}, "ipc"), nullptr);
}

}  // namespace
}  // namespace oci
