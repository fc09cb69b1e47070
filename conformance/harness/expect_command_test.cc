// SPDX-License-Identifier: Apache-2.0
// `expect` as a process, with results of the sample run under the names of toy checks.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "conformance/harness/toy_judge.h"
#include "conformance/reports/jsonl.h"
#include "conformance/reports/sample_run.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using base::testing::RunResult;
using base::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kKnown[] = R"(schema = 1
# Not to be lost.

[[expect]]
check = "toy/passes"
result = "fail"
why = "reply.code"
reference = "X-01"
)";

class ExpectCommandTest : public base::testing::ProcessTest {
 protected:
  ExpectCommandTest() {
    const SampleRun run;
    const std::unique_ptr<Report> report = MakeJsonReport(*Output::Open(temp_.File("sample")));
    run.Tell(*report);
    WriteFile(results_, absl::StrReplaceAll(ReadFile(temp_.File("sample")),
                                            {{"events/exit-after-start", "toy/fails"},
                                             {"bootstrap/version", "toy/passes"}}));
  }

  RunResult Expect(std::vector<std::string> words) {
    words.insert(words.begin(), "expect");
    const absl::StatusOr<RunResult> result = base::testing::RunToExit(ToyJudge(words));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : RunResult();
  }
  // The files beside the results: nothing may stay of a change that was made.
  std::size_t Files() const {
    const std::filesystem::directory_iterator all(
        std::filesystem::path(results_).parent_path().string());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  const std::string results_ = temp_.File("results.json");
  const std::string known_ = temp_.File("known.toml");
};

TEST_F(ExpectCommandTest, UpdateProposesAndWritesWhenAsked) {
  const RunResult proposal = Expect({"update", results_, known_});
  EXPECT_EQ(proposal.status.code, 1) << proposal.err;
  EXPECT_THAT(proposal.out,
              AllOf(StartsWith(absl::StrCat("--- ", known_, "\n+++ ", known_, "\n@@ -0,0 +1,7 @@")),
                    HasSubstr("+check = \"toy/fails\"\n+result = \"fail\"\n+why = \"event.order\"\n"
                              "+reference = \"EVT-20: the exit event came before the start")));
  EXPECT_THAT(proposal.err, HasSubstr("note: events/oom: this build has no such check\n"));
  EXPECT_FALSE(std::filesystem::exists(known_));

  const RunResult written = Expect({"update", results_, known_, "--write", "--owner", "@ana"});
  EXPECT_EQ(written.status.code, 0) << written.err;
  EXPECT_THAT(written.out, IsEmpty());
  EXPECT_THAT(ReadFile(known_), HasSubstr("owner = \"@ana\"\n"));
  EXPECT_EQ(Expect({"lint", known_}).out, "1 entry in 1 file, 0 problems\n");
  const RunResult again = Expect({"update", results_, known_});
  EXPECT_EQ(again.status.code, 0);
  EXPECT_THAT(again.err, HasSubstr("nothing to change in " + known_));
}

TEST_F(ExpectCommandTest, PruneKeepsCommentsAndTheModeAndLeavesNothingElse) {
  WriteFile(known_, kKnown, 0640);
  const std::size_t files = Files();
  const RunResult pruned = Expect({"prune", results_, known_, "--write"});
  EXPECT_EQ(pruned.status.code, 0) << pruned.err;
  EXPECT_THAT(pruned.err, HasSubstr("known.toml:4: toy/passes passes\n"));
  EXPECT_EQ(ReadFile(known_), "schema = 1\n# Not to be lost.\n");
  struct stat info {};
  ASSERT_EQ(::stat(known_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  EXPECT_EQ(Files(), files);
}

TEST_F(ExpectCommandTest, LintNamesEveryProblemOfEveryFile) {
  WriteFile(known_, kKnown);
  WriteFile(temp_.File("later.toml"), kKnown);
  WriteFile(temp_.File("bad.toml"), "schema = 1\n[[expect]]\ncheck = 3\n");
  const RunResult result =
      Expect({"lint", known_, temp_.File("later.toml"), temp_.File("bad.toml")});
  EXPECT_EQ(result.status.code, 1);
  EXPECT_THAT(result.out, AllOf(HasSubstr("bad.toml:3:9: [[expect]] 1 check: expected a string\n"),
                                HasSubstr("\"toy/passes\" is overridden by a later file\n"),
                                HasSubstr("2 entries in 3 files, 2 problems\n")));
}

TEST_F(ExpectCommandTest, MistakesAreOneSentence) {
  WriteFile(known_, kKnown);
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{}, "shimgauge expect needs one of lint, update, prune"},
      {{"change"}, "needs one of lint, update, prune"},
      {{"lint", temp_.File("none")}, "none: No such file"},
      {{"lint", std::filesystem::path(results_).parent_path().string()}, "Is a directory"},
      {{"update", temp_.File("none"), known_}, "none: No such file"},
      {{"update", known_, known_}, "known.toml: no JSON"},
      {{"update", results_, results_}, "results.json:1:1: "},
      {{"update", results_, temp_.File("no/dir.toml"), "--write"}, "dir.toml: No such file"},
      {{"prune", results_, temp_.File("none.toml")}, "none.toml: No such file"},
      {{"prune", results_}, "FILE is missing: the expectations"},
  };
  for (const auto& [words, message] : mistakes) {
    const RunResult result = Expect(words);
    EXPECT_EQ(result.status.code, 2) << message << "\n" << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_THAT(result.out, IsEmpty());
  }
}

}  // namespace
}  // namespace conformance
