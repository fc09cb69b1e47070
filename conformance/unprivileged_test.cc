// SPDX-License-Identifier: Apache-2.0
// The judge as a process of a user without any privilege: it judges, examines the machine, asks a
// shim for its capabilities, and ends in order whatever happens to it.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/unique_fd.h"

namespace {

using base::testing::RunResult;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uid_t kNobody = 65534;
constexpr int kCannotDrop = 113;

// Executes its arguments as a user who owns nothing.
int AsNobody(const std::vector<std::string>& args) {
  if (::geteuid() == 0 &&
      (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) {
    return kCannotDrop;
  }
  std::vector<char*> argv;
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  return kCannotDrop;
}

base::SpawnSpec Judge(const std::vector<std::string>& arguments) {
  std::vector<std::string> args = {SHIMGAUGE};
  args.insert(args.end(), arguments.begin(), arguments.end());
  base::SpawnSpec spec = base::testing::ChildProcess("as-nobody", args);
  spec.cwd = "/";
  return spec;
}

class UnprivilegedTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(::chmod(temp_.path().c_str(), 0777), 0);
    const RunResult doctor = Run({"doctor"});
    if (doctor.status.code == kCannotDrop) {
      GTEST_SKIP() << "another user cannot execute " << SHIMGAUGE;
    }
    if (doctor.status.code == 3) GTEST_SKIP() << "no worlds without root here: " << doctor.out;
  }

  static RunResult Run(const std::vector<std::string>& arguments) {
    absl::StatusOr<RunResult> result = base::testing::RunToExit(Judge(arguments));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : RunResult();
  }

  // A shim that does nothing but hold a FIFO open, so that its end can be seen.
  std::string Holder() {
    const std::string fifo = temp_.File("held");
    EXPECT_EQ(::mkfifo(fifo.c_str(), 0666), 0);
    EXPECT_EQ(::chmod(fifo.c_str(), 0666), 0);
    base::testing::WriteFile(temp_.File("shim"),
                             absl::StrCat("#!/bin/sh\nexec sleep 100000 >", fifo, "\n"), 0755);
    return temp_.File("shim");
  }
};

TEST_F(UnprivilegedTest, AShimIsJudged) {
  const RunResult result =
      Run({"run", "--shim", SHIM, "--engine", "fake", "lifecycle/start-runs-the-created-process",
           "stdio/all-output-arrives-then-eof", "--deadline-scale", "4"});
  EXPECT_EQ(result.status.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("user namespace, "), HasSubstr("CONFORMANT"),
                                HasSubstr(" 0 unexpected")));
}

TEST_F(UnprivilegedTest, DoctorNamesWhatIsLacking) {
  const RunResult text = Run({"doctor"});
  EXPECT_EQ(text.status.code, 0) << text.out << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("fit: the judge can run here"),
                              HasSubstr("a world was made, entered and left")));
  const RunResult json = Run({"doctor", "--json"});
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"fit\": true"), HasSubstr("\"subject\": \"trial\"")));
}

TEST_F(UnprivilegedTest, ProbeWritesAProfileThatIsAccepted) {
  const std::string file = temp_.File("found.toml");
  const std::vector<std::string> probe = {"probe", "--shim",           SHIM, "-o", file, "--engine",
                                          "fake",  "--deadline-scale", "4"};
  const RunResult first = Run(probe);
  EXPECT_EQ(first.status.code, 0) << first.out << first.err;
  const std::string profile = base::testing::ReadFile(file);
  EXPECT_THAT(profile, AllOf(HasSubstr("kind = \"rootfs\""), HasSubstr("\nexec = true"),
                             HasSubstr("kind = \"oci\""), HasSubstr("\npause = true"),
                             HasSubstr("not asked: ")));
  const RunResult listed = Run({"list", "--profile", file});
  EXPECT_EQ(listed.status.code, 0) << listed.err;

  const RunResult again = Run(probe);
  EXPECT_EQ(again.status.code, 2);
  EXPECT_THAT(again.err, HasSubstr("exists already; give --force"));
  EXPECT_EQ(base::testing::ReadFile(file), profile);
}

TEST_F(UnprivilegedTest, AProgramThatDoesNotStartGetsNoProfile) {
  const std::string file = temp_.File("none.toml");
  const RunResult result = Run({"probe", "--shim", "/bin/false", "-o", file});
  EXPECT_EQ(result.status.code, 1) << result.out << result.err;
  EXPECT_THAT(result.err, HasSubstr("false does not start, so there is no profile"));
  struct stat info {};
  EXPECT_NE(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(Run({"probe", "--shim", "/no/such"}).status.code, 2);

  const RunResult nowhere = Run({"probe", "--shim", "/bin/false", "-o", "/no/such/file"});
  EXPECT_EQ(nowhere.status.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("cannot write /no/such: No such file or directory"));
}

TEST_F(UnprivilegedTest, AFullDiskIsToldOnceTheRunIsOver) {
  const RunResult result = Run({"run", "--shim", "/bin/true", "bootstrap", "--engine", "/bin/true",
                                "--report", "json=/dev/full"});
  EXPECT_EQ(result.status.code, 4) << result.out << result.err;
  EXPECT_THAT(result.out + result.err, HasSubstr("/dev/full: No space left on device"));
}

TEST_F(UnprivilegedTest, NothingOutlivesAKilledJudge) {
  const std::string shim = Holder();
  absl::StatusOr<base::testing::Pipe> pipe = base::testing::MakePipe();
  ASSERT_TRUE(pipe.ok()) << pipe.status();
  base::SpawnSpec spec = Judge(
      {"run", "--shim", shim, "--profile", EXAMPLE_PROFILE, "bootstrap", "--report", "jsonl=-"});
  spec.fds = {{.source = pipe->write.get(), .target = STDOUT_FILENO}};
  const absl::StatusOr<base::Child> judge = base::Spawn(spec);
  ASSERT_TRUE(judge.ok()) << judge.status();
  pipe->write.reset();
  // Opens once the first shim holds the other end.
  const base::UniqueFd held(::open(temp_.File("held").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(held.ok());
  ASSERT_EQ(base::SendSignal(judge->pidfd, SIGKILL), absl::OkStatus());
  EXPECT_EQ(base::testing::ReadToEof(held), "") << "the shims have gone with the judge";
  const absl::StatusOr<base::ExitStatus> status = base::testing::WaitForExit(judge->pid);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->signal, SIGKILL);
}

}  // namespace

int main(int argc, char** argv) {
  return base::testing::RunTestsOrChild(argc, argv, {{"as-nobody", &AsNobody}});
}
