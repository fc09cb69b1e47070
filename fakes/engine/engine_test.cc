// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/process_tree.h"
#include "container/recorded_process.h"
#include "fakes/engine/testing/engine_world.h"
#include "oci/bundle.h"
#include "oci/json_reader.h"

namespace fakes {
namespace {

using base::testing::WaitForExit;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EngineTest : public testing::EngineTest {};

// Without any privilege outside, as unprivileged judges have it: root of a user namespace with one
// id, no cgroup to write to, no devices to make.
TEST(InUserNamespace, WhatWorksAsRootWorksUnprivileged) {
  std::vector<std::string> prefix;
  if (::geteuid() == 0) {
    prefix = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  }
  for (const char* word : {"unshare", "-Urmpf", "--mount-proc", "--kill-child"}) {
    prefix.emplace_back(word);
  }
  const auto run = [&prefix](const std::vector<std::string>& words) {
    base::SpawnSpec spec{.path = prefix[0], .argv = prefix};
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    return base::testing::RunToExit(spec);
  };
  const auto probe = run({"test", "-x", SHIMGAUGE_ENGINE});
  if (!probe.ok() || probe->status.ShellStatus() != 0) {
    GTEST_SKIP() << "needs user namespaces, and a build that everybody may read";
  }
  char self[4096];
  const ssize_t length = ::readlink("/proc/self/exe", self, sizeof(self));
  ASSERT_GT(length, 0);
  const auto result = run({std::string(self, static_cast<std::size_t>(length)),
                           "--gtest_filter=EngineTest.*:FaultsTest.*", "--gtest_color=no"});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->status.ShellStatus(), 0U) << result->out << result->err;
  EXPECT_THAT(result->out, HasSubstr("[  PASSED  ]"));
}

TEST_F(EngineTest, AContainerLivesAsRuncsDo) {
  const pid_t pid = Create("c", Guest({"/bin/exit_code", "7"}));
  ASSERT_GT(pid, 0) << TakeLog();
  EXPECT_EQ(State("c"), "created");
  EXPECT_EQ(::access((Root() + "/c/exec.fifo").c_str(), F_OK), 0);
  EXPECT_EQ(container::ReadProcessInfo(pid)->parent, ::getpid()) << "left to the subreaper";
  EXPECT_EQ(Engine({"start", "c"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(WaitForExit(pid)->ShellStatus(), 7U);
  EXPECT_EQ(State("c"), "stopped");
  EXPECT_EQ(Engine({"delete", "c"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(Engine({"state", "c"}).status.ShellStatus(), 1U);
  EXPECT_THAT(TakeLog(), HasSubstr("\"msg\":\"container does not exist\""));
}

TEST_F(EngineTest, TheProcessIsWhatTheSpecSays) {
  oci::Spec spec = Guest({"/bin/print_identity"});
  spec.hostname = "guest";
  spec.process.cwd = "/dev";
  spec.process.user.umask = 027;
  spec.process.rlimits = {{.type = "RLIMIT_NOFILE", .soft = 100, .hard = 100}};
  const pid_t pid = CreateAndStart("c", spec);
  EXPECT_EQ(WaitForExit(pid)->ShellStatus(), 0U);
  for (const char* line :
       {"hostname guest\n", "cwd /dev\n", "umask 0027\n", "pid 1\n", "sid 1\n", "no_new_privs 1\n",
        "nofile 100 100\n", "cap_effective 00000000a80425fb\n", "cap_bounding 00000000a80425fb\n",
        "cap_ambient 0000000000000000\n"}) {
    EXPECT_THAT(Output(), HasSubstr(line));
  }
  Delete("c");
}

TEST_F(EngineTest, OnlyTheThreeDescriptorsAreLeftAndTheRootIsTheBundles) {
  oci::Spec spec = Guest({"/bin/print_fds"});
  spec.linux.masked_paths = {"/proc/kcore", "/nowhere"};
  spec.linux.readonly_paths = {"/proc/sys"};
  spec.root.readonly = true;
  const pid_t pid = CreateAndStart("c", spec);
  EXPECT_EQ(WaitForExit(pid)->ShellStatus(), 0U);
  std::vector<std::string> numbers;
  for (const absl::string_view line : absl::StrSplit(Output(), '\n')) {
    if (!line.empty()) numbers.emplace_back(line.substr(0, line.find(' ')));
  }
  EXPECT_THAT(numbers, ElementsAre("0", "1", "2"));
  EXPECT_THAT(Output(), HasSubstr("0 /dev/null"));
  Delete("c");
}

TEST_F(EngineTest, WhatShimsLookForInErrors) {
  const auto error = [this](const std::vector<std::string>& words) {
    EXPECT_NE(Engine(words).status.ShellStatus(), 0U) << words[0];
    return TakeLog();
  };
  for (const char* verb : {"state", "start", "kill", "pause", "resume", "ps", "delete", "exec"}) {
    EXPECT_THAT(error({verb, "none"}), HasSubstr("container does not exist")) << verb;
  }
  EXPECT_EQ(Engine({"delete", "--force", "none"}).status.ShellStatus(), 0U);
  const pid_t pid = Create("c", Guest({"/bin/pause"}));
  ASSERT_GT(pid, 0) << TakeLog();
  EXPECT_THAT(error({"create", "--bundle", Bundle("c"), "c"}), HasSubstr("already exists"));
  EXPECT_EQ(Engine({"start", "c"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_THAT(error({"start", "c"}), HasSubstr("cannot start an already running container"));
  EXPECT_THAT(error({"delete", "c"}), HasSubstr("is not stopped: running"));
  EXPECT_THAT(error({"resume", "c"}), HasSubstr("container not paused"));
  EXPECT_THAT(error({"kill", "c", "NOPE"}), HasSubstr("unknown signal \\\"NOPE\\\""));
  EXPECT_EQ(Engine({"kill", "c", "KILL"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(WaitForExit(pid)->signal, SIGKILL);
  EXPECT_THAT(error({"kill", "c", "15"}), HasSubstr("container not running"));
  EXPECT_THAT(error({"pause", "c"}), HasSubstr("container not running"));
  EXPECT_THAT(error({"exec", "c", "/bin/pause"}), HasSubstr("cannot exec in a stopped container"));
  EXPECT_THAT(error({"checkpoint", "c"}), HasSubstr("container not running"));
  EXPECT_THAT(error({"restore", "c"}), HasSubstr("criu is not supported"));
  EXPECT_THAT(error({"state", "a/b"}), HasSubstr("invalid container ID format"));
  EXPECT_THAT(error({"state"}), HasSubstr("requires exactly 1 argument"));
  EXPECT_EQ(Engine({"nonsense"}).status.ShellStatus(), 3U);
  Delete("c");
}

TEST_F(EngineTest, AProgramThatCannotRunFailsCreateAndLeavesNothing) {
  EXPECT_EQ(Create("a", Guest({"/nope"})), -1);
  EXPECT_THAT(TakeLog(), HasSubstr("exec: \\\"/nope\\\": stat /nope: no such file or directory"));
  EXPECT_EQ(Create("b", Guest({"nope"})), -1);
  EXPECT_THAT(TakeLog(), HasSubstr("executable file not found in $PATH"));
  EXPECT_EQ(Create("c", Guest({"/proc"})), -1);
  EXPECT_THAT(TakeLog(), HasSubstr("exec: \\\"/proc\\\": permission denied"));
  oci::Spec spec = Guest({"/bin/pause"});
  spec.process.cwd = "/nowhere";
  EXPECT_EQ(Create("d", spec), -1);
  EXPECT_THAT(TakeLog(), HasSubstr("chdir to cwd"));
  EXPECT_EQ(Engine({"list", "-q"}).out, "");
}

TEST_F(EngineTest, AnExecIsAProcessOfTheContainer) {
  const pid_t pid = CreateAndStart("c", Guest({"/bin/pause"}));
  const pid_t exec = Exec("c", {"/bin/print_identity"});
  ASSERT_GT(exec, 0) << TakeLog();
  EXPECT_EQ(WaitForExit(exec)->ShellStatus(), 0U);
  EXPECT_THAT(Output(), HasSubstr("hostname container\n"));
  EXPECT_EQ(Engine({"exec", "c", "/bin/exit_code", "5"}).status.ShellStatus(), 5U);
  EXPECT_EQ(Engine({"exec", "--detach", "c", "/nope"}).status.ShellStatus(), 255U);
  EXPECT_THAT(TakeLog(), HasSubstr("exec failed: exec: \\\"/nope\\\": stat /nope: no such file"));
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_EQ(WaitForExit(pid)->signal, SIGKILL);
  Delete("c");
}

TEST_F(EngineTest, PsPauseResumeAndKillMeanEveryProcess) {
  const pid_t pid = CreateAndStart("c", Guest({"/bin/pause"}));
  const pid_t exec = Exec("c", {"/bin/spawn_tree", "1", "3"});
  ASSERT_GT(exec, 0) << TakeLog();
  AwaitOutput("ready 4");
  const std::string pids = Engine({"ps", "--format", "json", "c"}).out;
  EXPECT_THAT(pids, HasSubstr(absl::StrCat(pid)));
  EXPECT_THAT(pids, HasSubstr(absl::StrCat(exec)));
  EXPECT_EQ(std::count(pids.begin(), pids.end(), ','), 4) << pids;
  EXPECT_EQ(Engine({"pause", "c"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(State("c"), "paused");
  EXPECT_EQ(Engine({"pause", "c"}).status.ShellStatus(), 1U);
  EXPECT_EQ(Engine({"exec", "c", "/bin/pause"}).status.ShellStatus(), 255U);
  EXPECT_THAT(TakeLog(), HasSubstr("cannot exec in a paused container"));
  EXPECT_EQ(Engine({"resume", "c"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(State("c"), "running");
  EXPECT_EQ(Engine({"kill", "--all", "c", "9"}).status.ShellStatus(), 0U) << TakeLog();
  // The exec is ours to reap, and the init does not end before it is.
  EXPECT_EQ(WaitForExit(exec)->signal, SIGKILL);
  EXPECT_EQ(WaitForExit(pid)->signal, SIGKILL);
  EXPECT_EQ(Engine({"ps", "--format", "json", "c"}).out, "null\n");
  Delete("c");
}

TEST_F(EngineTest, APausedContainerDiesOfSigkill) {
  const pid_t pid = CreateAndStart("c", Guest({"/bin/pause"}));
  EXPECT_EQ(Engine({"pause", "c"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(Engine({"kill", "c", "KILL"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(WaitForExit(pid)->signal, SIGKILL);
  EXPECT_EQ(State("c"), "stopped");
  Delete("c");
}

TEST_F(EngineTest, ANullDeviceAsStdoutTakesWhatIsWritten) {
  ASSERT_TRUE(oci::WriteBundle(Bundle("c"), Guest({"/bin/emit", "100", "--stderr", "100"})).ok());
  const std::string pid_file = temp_.File("pid");
  const base::UniqueFd unwritable(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  base::SpawnSpec spec{.path = SHIMGAUGE_ENGINE,
                       .argv = {"shimgauge-engine", "--root", Root(), "create", "--bundle",
                                Bundle("c"), "--pid-file", pid_file, "c"}};
  for (const int fd : {0, 1, 2}) {
    spec.fds.push_back({.source = unwritable.get(), .target = fd});
  }
  EXPECT_EQ(base::testing::RunToExit(spec)->status.ShellStatus(), 0U);
  EXPECT_EQ(Engine({"start", "c"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(WaitForExit(*container::ReadPidFile(pid_file))->ShellStatus(), 0U);
  Delete("c");
}

TEST_F(EngineTest, WithoutPidNamespaceDeleteEndsWhatIsLeft) {
  oci::Spec spec = Guest({"/bin/pause"});
  spec.linux.namespaces = {{.type = "mount"}, {.type = "uts"}};
  const pid_t pid = CreateAndStart("c", spec);
  const pid_t exec = Exec("c", {"/bin/pause"});
  ASSERT_GT(exec, 0) << TakeLog();
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_EQ(WaitForExit(pid)->signal, SIGKILL);
  Delete("c");
  EXPECT_EQ(WaitForExit(exec)->signal, SIGKILL);
}

TEST_F(EngineTest, HooksRunInOrderEachWithItsStatus) {
  oci::Spec spec = Guest({"/bin/exit_code", "0"});
  const std::string trace = temp_.File("trace");
  base::testing::WriteFile(trace, "");
  base::testing::WriteFile(temp_.File("t"), "");
  spec.mounts.push_back({.destination = "/trace", .source = trace, .options = {"rbind", "rw"}});
  const std::string outside = SHIMGAUGE_FIXTURES "/hook_trace";
  const auto hook = [](const std::string& path, const std::string& to, const std::string& name) {
    return oci::Hook{.path = path, .args = {"h", to, name}, .env = {"A=1=2"}};
  };
  spec.hooks = {.prestart = {hook(outside, trace, "prestart")},
                .create_runtime = {hook(outside, trace, "createRuntime"),
                                   hook(outside, trace, "createRuntime2")},
                .create_container = {hook(outside, trace, "createContainer")},
                .start_container = {hook("/bin/hook_trace", "/trace", "startContainer")},
                .poststart = {hook(outside, trace, "poststart")},
                .poststop = {hook("/bin/false", "", ""), hook(outside, trace, "poststop")}};
  const pid_t pid = CreateAndStart("c", spec);
  EXPECT_EQ(WaitForExit(pid)->ShellStatus(), 0U);
  Delete("c");
  EXPECT_THAT(TakeLog(), HasSubstr("error running poststop hook #0"));
  std::vector<std::string> seen;
  for (const absl::string_view line :
       absl::StrSplit(base::testing::ReadFile(trace), '\n', absl::SkipEmpty())) {
    std::string name;
    std::string state;
    std::string status;
    oci::JsonReader in(line);
    ASSERT_TRUE(in.ReadObject([&](absl::string_view member) {
                    if (member == "name") return in.ReadString(name);
                    if (member == "stdin") return in.ReadString(state);
                    return in.Skip();
                  }).ok());
    oci::JsonReader inner(state);
    ASSERT_TRUE(inner
                    .ReadObject([&](absl::string_view member) {
                      return member == "status" ? inner.ReadString(status) : inner.Skip();
                    })
                    .ok())
        << state;
    EXPECT_THAT(line, HasSubstr("\"env\":[\"A=1=2\"]"));
    EXPECT_THAT(line, HasSubstr("\"argv\":[\"h\""));
    seen.push_back(absl::StrCat(name, " ", status));
  }
  EXPECT_THAT(seen, ElementsAre("prestart creating", "createRuntime creating",
                                "createRuntime2 creating", "createContainer creating",
                                "startContainer created", "poststart running", "poststop stopped"));
}

TEST_F(EngineTest, AFailingHookFailsCreateWithItsWordsAndRunsPoststop) {
  oci::Spec spec = Guest({"/bin/pause"});
  const std::string mark = temp_.File("mark");
  spec.hooks.create_runtime = {
      {.path = "/bin/sh", .args = {"sh", "-c", "echo broken >&2; exit 3"}}};
  spec.hooks.poststop = {{.path = "/bin/sh", .args = {"sh", "-c", "echo x >> " + mark}}};
  EXPECT_EQ(Create("c", spec), -1);
  EXPECT_THAT(TakeLog(),
              HasSubstr("createRuntime hook #0 (/bin/sh): exit status 3, stderr: broken"));
  EXPECT_EQ(base::testing::ReadFile(mark), "x\n");
  EXPECT_EQ(State("c"), "");
}

TEST_F(EngineTest, AHookIsAbortedAfterItsTimeout) {
  oci::Spec spec = Guest({"/bin/pause"});
  spec.hooks.prestart = {{.path = "/bin/sleep", .args = {"sleep", "1000"}, .timeout = 1}};
  EXPECT_EQ(Create("c", spec), -1);
  EXPECT_THAT(TakeLog(), HasSubstr("timed out and was killed"));
}

TEST_F(EngineTest, AFailingStartContainerHookFailsStart) {
  oci::Spec spec = Guest({"/bin/pause"});
  spec.hooks.start_container = {{.path = "/bin/exit_code", .args = {"x", "4"}}};
  const pid_t pid = Create("c", spec);
  ASSERT_GT(pid, 0) << TakeLog();
  EXPECT_EQ(Engine({"start", "c"}).status.ShellStatus(), 1U);
  EXPECT_THAT(TakeLog(), HasSubstr("startContainer hook #0 (/bin/exit_code): exit status 4"));
  EXPECT_TRUE(WaitForExit(pid).ok());
  Delete("c");
}

// The terminal's master, as a shim receives it.
absl::StatusOr<base::UniqueFd> ReceiveConsole(const base::UniqueFd& listener) {
  const base::UniqueFd connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  char name[64];
  iovec data{.iov_base = name, .iov_len = sizeof(name)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t got = ::recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (got <= 0 || header == nullptr) return absl::UnavailableError("no console");
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return base::UniqueFd(fd);
}

TEST_F(EngineTest, ATerminalArrivesOverTheConsoleSocket) {
  const std::string path = temp_.File("s");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  oci::Spec spec = Guest({"/bin/tty_report"});
  spec.process.terminal = true;
  spec.process.console_size = oci::ConsoleSize{.height = 33, .width = 44};
  const pid_t pid = Create("c", spec, {"--console-socket", path});
  ASSERT_GT(pid, 0) << TakeLog();
  const absl::StatusOr<base::UniqueFd> master = ReceiveConsole(listener);
  ASSERT_TRUE(master.ok()) << master.status();
  EXPECT_EQ(Engine({"start", "c"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(base::testing::ReadLine(*master), "tty 0 yes\r\n");
  EXPECT_EQ(base::testing::ReadLine(*master), "tty 1 yes\r\n");
  EXPECT_EQ(base::testing::ReadLine(*master), "tty 2 yes\r\n");
  EXPECT_EQ(base::testing::ReadLine(*master), "size 33x44\r\n");
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_TRUE(WaitForExit(pid).ok());
  Delete("c");
}

TEST_F(EngineTest, SeccompRefusesWhatTheProfileRefuses) {
  oci::Spec spec = Guest({"/bin/print_identity"});
  spec.linux.seccomp_json =
      R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["no_such_call","personality"],)"
      R"("action":"SCMP_ACT_ERRNO","errnoRet":1}]})";
  const pid_t pid = CreateAndStart("c", spec);
  EXPECT_EQ(WaitForExit(pid)->ShellStatus(), 0U);
  EXPECT_THAT(Output(), HasSubstr("seccomp 2\n"));
  Delete("c");
}

TEST_F(EngineTest, FeaturesAndVersionReadAsRuncsDo) {
  EXPECT_TRUE(oci::ValidateJson(Engine({"features"}).out).ok());
  EXPECT_THAT(Engine({"--version"}).out, HasSubstr("runc version "));
}

}  // namespace
}  // namespace fakes
