// SPDX-License-Identifier: Apache-2.0
// Jobs of the selftest as processes, and what they leave.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/unique_fd.h"
#include "conformance/selftest/host_traces.h"
#include "conformance/selftest/jobs.h"
#include "conformance/selftest/scratch.h"
#include "conformance/selftest/subject_run.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SelftestProcessTest : public base::testing::ProcessTest {};

TEST_F(SelftestProcessTest, JobsRunToTheirEndSideBySide) {
  std::vector<int> codes(3, -1);
  const JobList list = {.count = 3,
                        .prepare = [&](std::size_t i) -> absl::StatusOr<std::optional<Job>> {
                          if (i == 1) return std::optional<Job>();
                          return Job{.argv = {"/bin/sh", "-c", absl::StrCat("echo out; exit ", i)},
                                     .out = temp_.File(absl::StrCat("out", i))};
                        },
                        .done =
                            [&](std::size_t i, const JobEnd& end) {
                              codes[i] = end.exit.code;
                              return absl::OkStatus();
                            }};
  EXPECT_EQ(RunJobs(list, 2), absl::OkStatus());
  EXPECT_THAT(codes, ElementsAre(0, -1, 2));
  EXPECT_EQ(base::testing::ReadFile(temp_.File("out2")), "out\n");
}

// The first job of lane 0 waits for one of lane 1, which so runs beside it; the second of lane 0
// finds the first one's mark.
TEST_F(SelftestProcessTest, JobsOfALaneRunOneAfterTheOther) {
  const std::string fifo = temp_.File("fifo");
  const std::string mark = temp_.File("mark");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::vector<std::string> scripts = {absl::StrCat("read line < ", fifo, "; > ", mark),
                                            absl::StrCat("[ -e ", mark, " ]"),
                                            absl::StrCat("echo go > ", fifo)};
  std::vector<std::size_t> begun;
  std::vector<int> codes(3, -1);
  const JobList list = {.count = 3,
                        .prepare = [&](std::size_t i) -> absl::StatusOr<std::optional<Job>> {
                          begun.push_back(i);
                          return Job{.argv = {"/bin/sh", "-c", scripts[i]}};
                        },
                        .done =
                            [&](std::size_t i, const JobEnd& end) {
                              codes[i] = end.exit.code;
                              return absl::OkStatus();
                            },
                        .lane = [](std::size_t i) { return i == 2 ? 1 : 0; }};
  EXPECT_EQ(RunJobs(list, 2), absl::OkStatus());
  EXPECT_THAT(begun, ElementsAre(0, 2, 1));
  EXPECT_THAT(codes, ElementsAre(0, 0, 0));
}

TEST_F(SelftestProcessTest, AJobOverItsLimitIsEnded) {
  bool over = false;
  const JobList list = {
      .count = 1,
      .prepare = [](std::size_t) -> absl::StatusOr<std::optional<Job>> {
        return Job{.argv = {"/bin/sleep", "1000"}, .limit = std::chrono::milliseconds(20)};
      },
      .done =
          [&](std::size_t, const JobEnd& end) {
            over = end.over_limit && end.exit.signal == SIGTERM;
            return absl::OkStatus();
          }};
  EXPECT_EQ(RunJobs(list, 1), absl::OkStatus());
  EXPECT_TRUE(over);
}

TEST_F(SelftestProcessTest, ASignalEndsTheRunningOnes) {
  std::size_t started = 0;
  const JobList list = {.count = 5,
                        .prepare = [&](std::size_t) -> absl::StatusOr<std::optional<Job>> {
                          if (++started == 2) ::raise(SIGINT);
                          return Job{.argv = {"/bin/sleep", "1000"}};
                        },
                        .done = [](std::size_t, const JobEnd&) { return absl::OkStatus(); }};
  EXPECT_TRUE(absl::IsCancelled(RunJobs(list, 2)));
  EXPECT_EQ(started, 2U);
}

TEST_F(SelftestProcessTest, AJobThatCannotStartIsAnError) {
  const JobList list = {.count = 1,
                        .prepare = [](std::size_t) -> absl::StatusOr<std::optional<Job>> {
                          return Job{.argv = {"/no/such/program"}};
                        },
                        .done = [](std::size_t, const JobEnd&) { return absl::OkStatus(); }};
  EXPECT_THAT(std::string(RunJobs(list, 1).message()), HasSubstr("/no/such/program"));
}

TEST_F(SelftestProcessTest, AScratchDirectoryGoesWithAllItHolds) {
  std::string path;
  {
    const absl::StatusOr<Scratch> scratch = Scratch::Make();
    ASSERT_TRUE(scratch.ok()) << scratch.status();
    path = *scratch->MakeDirectory("a/b");
    ASSERT_EQ(WriteScript(path + "/s", "echo \"$1\"; echo two\n"), absl::OkStatus());
    const auto ran = base::testing::RunToExit(path + "/s", {"one"});
    ASSERT_TRUE(ran.ok()) << ran.status();
    EXPECT_EQ(ran->out, "one\ntwo\n");
    ASSERT_EQ(WriteTextTo(path + "/t", "1\n2\n"), absl::OkStatus());
    EXPECT_EQ(CountLines(path + "/t"), 2U);
    EXPECT_EQ(CountLines(path + "/none"), 0U);
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

// Adopted, named and ended, so that no selftest leaves anything either.
TEST_F(SelftestProcessTest, WhatAJobLeavesBehindIsNamedAndEnded) {
  std::vector<std::string> orphans;
  const absl::StatusOr<JobEnd> end =
      RunJudge({.argv = {"/bin/sh", "-c",
                         "sleep 4321 & until grep -q sleep /proc/$!/comm; do :; done; exit 7"}},
               &orphans);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->exit.code, 7);
  EXPECT_THAT(orphans, ElementsAre("sleep 4321 "));
}

TEST_F(SelftestProcessTest, TracesOnTheHostAreSeen) {
  const HostTraces before = HostTraces::Take();
  EXPECT_THAT(HostTraces::Take().Since(before, temp_.path(), 1), IsEmpty());
  const base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, temp_.File("s").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(
      ::bind(listener.get(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address),
      0);
  EXPECT_THAT(HostTraces::Take().Since(before, temp_.path(), 1),
              ElementsAre("socket " + temp_.File("s")));
}

}  // namespace
}  // namespace conformance
