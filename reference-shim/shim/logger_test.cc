// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/logger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "reference-shim/shim/stdio.h"
#include "ttrpc/testing/loop_test.h"

namespace shim {
namespace {

using base::testing::ReadFile;
using base::testing::WriteFile;
using ::testing::HasSubstr;

// Loggers are shell scripts; each test writes its own. The pipes are Stdio's, as in life.
class LoggerTest : public ttrpc::testing::LoopTest {
 protected:
  LoggerTest() : reaper_(base::ChildReaper::Create(loop_).value()) {}
  ~LoggerTest() override {
    io_ = ProcessIo();
    stdio_.reset();
    // One that has just ended or was killed still has to be reaped.
    RunUntil([] {
      siginfo_t info{};
      return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0;
    });
    reaper_.reset();
  }

  std::string Script(const std::string& body) {
    const std::string path = temp_.File("logger");
    WriteFile(path, "#!/bin/sh\ncd " + temp_.path() + "\n" + body + "\n", 0755);
    return path;
  }
  absl::Status Open(const std::string& uri) {
    StdioSpec spec;
    spec.names.out = uri;
    spec.id = "e1";
    spec.namespace_name = "tests";
    stdio_ = std::make_unique<Stdio>(loop_, *reaper_);
    std::optional<absl::Status> result;
    stdio_->Open(spec, [&](absl::Status status) { result = std::move(status); });
    RunUntil([&] { return result.has_value(); });
    if (result->ok()) io_ = stdio_->TakeProcessIo();
    return *result;
  }
  void Drain() {
    io_ = ProcessIo();
    bool drained = false;
    stdio_->Drain([&] { drained = true; });
    RunUntil([&] { return drained; });
  }
  static void Write(const base::UniqueFd& fd, absl::string_view text) {
    ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  std::unique_ptr<base::ChildReaper> reaper_;
  std::unique_ptr<Stdio> stdio_;
  ProcessIo io_;
};

TEST_F(LoggerTest, GetsArgumentsEnvironmentAndBothStreams) {
  const std::string logger = Script(
      R"(for a in "$0" "$@"; do printf '[%s]' "$a"; done >args
/usr/bin/env >env
exec 5>&-
cat <&3 >out & cat <&4 >err; wait)");
  ASSERT_TRUE(Open("binary://" + logger + "?k=v&k2=").ok());
  EXPECT_EQ(ReadFile(temp_.File("args")), "[" + logger + "][k][v][k2][]");
  EXPECT_THAT(ReadFile(temp_.File("env")), HasSubstr("CONTAINER_ID=e1\n"));
  EXPECT_THAT(ReadFile(temp_.File("env")), HasSubstr("CONTAINER_NAMESPACE=tests\n"));
  EXPECT_THAT(ReadFile(temp_.File("env")), Not(HasSubstr("HOME=")));
  Write(io_.out, "to stdout");
  Write(io_.err, "to stderr");
  Drain();
  EXPECT_EQ(ReadFile(temp_.File("out")), "to stdout");
  EXPECT_EQ(ReadFile(temp_.File("err")), "to stderr");
}

TEST_F(LoggerTest, ReadyIsAByteForBothSchemes) {
  const std::string logger = Script("printf x >&5; exec 5>&-; cat <&3 >/dev/null");
  EXPECT_TRUE(Open("binary://" + logger).ok());
  Drain();
  EXPECT_TRUE(Open("binary-v2://" + logger).ok());
  Drain();
}

TEST_F(LoggerTest, OneThatEndsAtOnceIsToleratedUnlessItIsV2) {
  const std::string logger = Script("exit 3");
  EXPECT_TRUE(Open("binary://" + logger).ok());
  Write(io_.out, "nobody reads this, and nobody dies of it");
  Drain();
  const absl::Status silent = Open("binary-v2://" + logger);
  EXPECT_FALSE(silent.ok());
  EXPECT_THAT(std::string(silent.message()), HasSubstr("without reporting ready"));
}

TEST_F(LoggerTest, AbsentProgramIsNamed) {
  const absl::Status absent = Open("binary:///no/such/logger");
  EXPECT_FALSE(absent.ok());
  EXPECT_THAT(std::string(absent.message()), HasSubstr("/no/such/logger"));
}

TEST_F(LoggerTest, DrainTerminatesOneThatIgnoresEndOfFile) {
  const std::string logger =
      Script("trap 'echo term >end; exit 0' TERM; exec 5>&-; while :; do read x <end_never; done");
  ASSERT_TRUE(base::testing::RunToExit("/usr/bin/mkfifo", {temp_.File("end_never")}).ok());
  ASSERT_TRUE(Open("binary://" + logger).ok());
  Drain();
  EXPECT_EQ(ReadFile(temp_.File("end")), "term\n");
}

TEST_F(LoggerTest, DestructionKillsIt) {
  ASSERT_TRUE(Open("binary://" + Script("exec 5>&-; cat <&3 >/dev/null")).ok());
}

}  // namespace
}  // namespace shim
