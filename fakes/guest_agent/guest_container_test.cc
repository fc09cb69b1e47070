// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "base/testing/temp_dir.h"
#include "fakes/guest_agent/testing/guest_world.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Agent = grpc::AgentServiceClient;

class GuestContainerTest : public testing::GuestTest {};

TEST_F(GuestContainerTest, LivesItsLife) {
  BootSandbox();
  ASSERT_TRUE(
      Create(Container("c1", {"/bin/sh", "-c", "echo $$ $(hostname); read x; exit 7"})).ok());
  const auto wait = BeginWait("c1");
  const auto second_wait = BeginWait("c1", "c1");
  ASSERT_EQ(Start("c1"), absl::OkStatus());
  EXPECT_EQ(ReadAll("c1", "", "\n"), "1 guest-host\n");
  EXPECT_EQ(Write("c1", "", "\n"), absl::OkStatus());
  EXPECT_EQ(Await(wait)->status(), 7);
  EXPECT_EQ(Await(second_wait)->status(), 7);
  EXPECT_TRUE(absl::IsNotFound(Await(BeginWait("c1")).status())) << "it has been told";
  EXPECT_EQ(Remove("c1"), absl::OkStatus());
  EXPECT_EQ(Remove("c1").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(::access(absl::StrCat(RunDirectory(), "/c1").c_str(), F_OK), 0);
}

TEST_F(GuestContainerTest, SharesTheGuestsNamespacesAndHasItsOwnProcesses) {
  BootSandbox();
  const std::string script =
      "readlink /proc/self/ns/ipc /proc/self/ns/net /proc/self/ns/pid; exec sleep 1000";
  RunScript("a", script);
  RunScript("b", script);  // while the first lives: numbers of namespaces are used again
  const std::string a = ReadAll("a", "", "pid:[");
  const std::string b = ReadAll("b", "", "pid:[");
  const std::size_t pid = a.rfind("pid:");
  ASSERT_NE(pid, std::string::npos) << a;
  EXPECT_EQ(a.substr(0, pid), b.substr(0, b.rfind("pid:")));
  EXPECT_NE(a, b);
  char host[64] = {};
  ASSERT_GT(::readlink("/proc/self/ns/net", host, sizeof(host) - 1), 0);
  EXPECT_THAT(a, ::testing::Not(HasSubstr(host)));
}

TEST_F(GuestContainerTest, JoinsTheSandboxsPids) {
  BootSandbox();
  grpc::CreateContainerRequest request = Container("c", {"/bin/cat", "/proc/1/comm"});
  request.set_sandbox_pidns(true);
  ASSERT_EQ(Create(request), absl::OkStatus());
  ASSERT_EQ(Start("c"), absl::OkStatus());
  EXPECT_EQ(ReadAll("c"), "guest\n");
  EXPECT_EQ(Wait("c"), 0);
}

TEST_F(GuestContainerTest, TermKillsAnInitThatWouldIgnoreIt) {
  BootSandbox();
  RunScript("deaf", "echo up; exec sleep 1000");
  EXPECT_EQ(ReadAll("deaf", "", "up"), "up\n");
  EXPECT_EQ(Signal("deaf", "", SIGTERM), absl::OkStatus());
  EXPECT_EQ(Wait("deaf"), 137);
  RunScript("polite", "trap 'exit 3' TERM; echo up; while :; do sleep 1000 & wait; done");
  EXPECT_EQ(ReadAll("polite", "", "up"), "up\n");
  EXPECT_EQ(Signal("polite", "polite", SIGTERM), absl::OkStatus());
  EXPECT_EQ(Wait("polite"), 3);
  EXPECT_EQ(Signal("polite", "", SIGTERM).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Signal("polite", "", SIGKILL), absl::OkStatus())
      << "all processes: there are none left";
}

TEST_F(GuestContainerTest, KillWithoutExecIdIsForAll) {
  BootSandbox();
  grpc::CreateContainerRequest request = Container("c", {"/bin/sleep", "1000"});
  request.set_sandbox_pidns(true);  // so that the end of the init is not the end of the others
  ASSERT_EQ(Create(request), absl::OkStatus());
  ASSERT_EQ(Start("c"), absl::OkStatus());
  ASSERT_EQ(Exec("c", "e", "exec sleep 1000"), absl::OkStatus());
  const auto exec = BeginWait("c", "e");
  EXPECT_EQ(Signal("c", "", SIGKILL), absl::OkStatus());
  EXPECT_EQ(Wait("c"), 137);
  EXPECT_EQ(Await(exec)->status(), 137);
}

TEST_F(GuestContainerTest, Executes) {
  BootSandbox();
  RunScript("c", "exec sleep 1000");
  ASSERT_TRUE(Exec("c", "e", "echo out; echo err >&2; exit 5").ok());
  EXPECT_EQ(ReadAll("c", "e"), "out\n");
  EXPECT_EQ(ReadAll("c", "e", "", /*errors=*/true), "err\n");
  EXPECT_EQ(Exec("c", "e", "true").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Wait("c", "e"), 5);
  EXPECT_EQ(Exec("c", "e", "exit 6"), absl::OkStatus())
      << "the exit of the first one has been told";
  EXPECT_EQ(Wait("c", "e"), 6);
  grpc::ExecProcessRequest missing;
  missing.set_container_id("c");
  missing.set_exec_id("m");
  missing.mutable_process()->add_args("/nowhere");
  missing.mutable_process()->set_cwd("/");
  EXPECT_THAT(std::string(Do(&Agent::ExecProcess, missing).status().message()),
              HasSubstr("no such file or directory"));
  EXPECT_EQ(Await(BeginWait("c", "m")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Remove("c"), absl::OkStatus());
}

TEST_F(GuestContainerTest, AProgramThatIsNotThereFailsCreateAndLeavesNothing) {
  BootSandbox();
  const absl::Status created = Create(Container("c", {"/nowhere"}));
  EXPECT_THAT(std::string(created.message()), HasSubstr("no such file or directory"));
  EXPECT_EQ(Start("c").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Create(Container("c", {"/bin/true"})), absl::OkStatus()) << "the id is free";
}

TEST_F(GuestContainerTest, PausesAndDiesPaused) {
  BootSandbox();
  RunScript("c", "while :; do echo x; sleep 0.01; done");
  EXPECT_THAT(ReadAll("c", "", "x"), HasSubstr("x"));
  grpc::PauseContainerRequest pause;
  pause.set_container_id("c");
  const auto paused = Do(&Agent::PauseContainer, pause);
  if (absl::IsNotFound(paused.status())) GTEST_SKIP() << "needs a freezer: " << paused.status();
  ASSERT_TRUE(paused.ok()) << paused.status();
  EXPECT_EQ(Exec("c", "e", "true").code(), absl::StatusCode::kFailedPrecondition);
  grpc::ResumeContainerRequest resume;
  resume.set_container_id("c");
  ASSERT_TRUE(Do(&Agent::ResumeContainer, resume).ok());
  EXPECT_EQ(Exec("c", "e", "true"), absl::OkStatus());
  EXPECT_EQ(Wait("c", "e"), 0);
  ASSERT_TRUE(Do(&Agent::PauseContainer, pause).ok());
  EXPECT_EQ(Signal("c", "", SIGKILL), absl::OkStatus());
  EXPECT_EQ(Wait("c"), 137);
  EXPECT_TRUE(absl::IsFailedPrecondition(Do(&Agent::PauseContainer, pause).status()));
}

TEST_F(GuestContainerTest, RemoveKillsWhatStillRuns) {
  BootSandbox();
  RunScript("c", "sleep 1000 & echo up; exec sleep 1000");
  EXPECT_EQ(ReadAll("c", "", "up"), "up\n");
  const auto wait = BeginWait("c");
  const auto read = BeginRead("c");
  EXPECT_EQ(Remove("c"), absl::OkStatus());
  EXPECT_EQ(Await(wait)->status(), 137);
  EXPECT_THAT(Await(read)->data(), IsEmpty());
}

TEST_F(GuestContainerTest, TellsLackOfMemoryBeforeTheExit) {
  BootSandbox();
  grpc::CreateContainerRequest request = Container("c", {"/bin/sh", "-c", "tail /dev/zero"});
  request.mutable_oci()->mutable_linux()->mutable_resources()->mutable_memory()->set_limit(24
                                                                                           << 20);
  const absl::Status created = Create(request);
  if (absl::IsFailedPrecondition(created)) GTEST_SKIP() << created;
  ASSERT_TRUE(created.ok()) << created;
  const auto oom = Begin(&Agent::GetOOMEvent, grpc::GetOOMEventRequest());
  const auto wait = BeginWait("c");
  ASSERT_EQ(Start("c"), absl::OkStatus());
  EXPECT_EQ(Await(wait)->status(), 137);
  ASSERT_TRUE(oom->has_value()) << "the exit came first";
  EXPECT_EQ(Await(oom)->container_id(), "c");
}

TEST_F(GuestContainerTest, CountsWhatItUses) {
  BootSandbox();
  RunScript("c", "echo up; exec sleep 1000");
  EXPECT_EQ(ReadAll("c", "", "up"), "up\n");
  grpc::StatsContainerRequest request;
  request.set_container_id("c");
  const auto stats = Do(&Agent::StatsContainer, request);
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->cgroup_stats().pids_stats().current(), 1U);
  EXPECT_GT(stats->cgroup_stats().memory_stats().usage().usage(), 0U);
  ASSERT_EQ(stats->network_stats_size(), 1);
  EXPECT_EQ(stats->network_stats(0).name(), "lo");
  grpc::UpdateContainerRequest update;
  update.set_container_id("c");
  update.mutable_resources()->mutable_pids()->set_limit(77);
  ASSERT_TRUE(Do(&Agent::UpdateContainer, update).ok());
  EXPECT_EQ(Do(&Agent::StatsContainer, request)->cgroup_stats().pids_stats().limit(), 77U);
}

class GuestHooksTest : public GuestContainerTest {
 protected:
  void Hook(const std::string& point, const std::string& script) {
    const std::string path = absl::StrCat(temp_.File("hooks"), "/", point);
    ::mkdir(temp_.File("hooks").c_str(), 0755);
    ASSERT_EQ(::mkdir(path.c_str(), 0755), 0);
    base::testing::WriteFile(path + "/hook", absl::StrCat("#!/bin/sh\n", script, "\n"));
    ASSERT_EQ(::chmod((path + "/hook").c_str(), 0755), 0);
  }
  void BootWithHooks() {
    Boot();
    grpc::CreateSandboxRequest request;
    request.set_guest_hook_path(temp_.File("hooks"));
    ASSERT_TRUE(Do(&Agent::CreateSandbox, request).ok());
  }
  std::string Trace() { return base::testing::ReadFile(temp_.File("trace")); }
};

TEST_F(GuestHooksTest, RunAtTheirPoints) {
  for (const char* point : {"prestart", "poststart", "poststop"}) {
    Hook(point, absl::StrCat("echo $1 $(grep -o '\"status\":\"[a-z]*' | cut -d'\"' -f4) >> ",
                             temp_.File("trace")));
  }
  BootWithHooks();
  ASSERT_EQ(Create(Container("c", {"/bin/sleep", "1000"})), absl::OkStatus());
  EXPECT_EQ(Trace(), "prestart creating\n");
  ASSERT_EQ(Start("c"), absl::OkStatus());
  ASSERT_EQ(Remove("c"), absl::OkStatus());
  EXPECT_EQ(Trace(), "prestart creating\npoststart running\npoststop stopped\n");
}

TEST_F(GuestHooksTest, AFailingPrestartHookFailsCreate) {
  Hook("prestart", "echo no luck >&2; exit 3");
  Hook("poststop", absl::StrCat("echo gone >> ", temp_.File("trace")));
  BootWithHooks();
  const absl::Status created = Create(Container("c", {"/bin/true"}));
  EXPECT_THAT(std::string(created.message()), HasSubstr("no luck"));
  EXPECT_EQ(Trace(), "gone\n");
  EXPECT_EQ(Start("c").code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(GuestHooksTest, StartContainerHooksRunInTheContainer) {
  BootSandbox();
  grpc::CreateContainerRequest request = Container("c", {"/bin/cat", "/dev/mark"});
  grpc::Hook& hook = *request.mutable_oci()->mutable_hooks()->add_start_container();
  hook.set_path("/bin/sh");
  for (const char* arg : {"sh", "-c", "hostname > /dev/mark"}) hook.add_args(arg);
  hook.add_env("PATH=/bin:/usr/bin");
  ASSERT_EQ(Create(request), absl::OkStatus());
  ASSERT_EQ(Start("c"), absl::OkStatus());
  EXPECT_EQ(ReadAll("c"), "guest-host\n");
}

}  // namespace
}  // namespace fakes
