// SPDX-License-Identifier: Apache-2.0
// `shimgauge bench bisect` as a process, in a repository of 32 commits one of which makes the shim
// larger: a metric that takes no time and has no noise.
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using base::testing::RunResult;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// Each commit numbers itself; from the 21st on the build puts 4 KiB more into the shim.
constexpr char kMakeRepository[] = R"(
set -e
git init -q "$0" && cd "$0"
git config user.name a && git config user.email a@b && git config commit.gpgsign false
cat > build.sh <<'END'
set -e
. ./number
mkdir -p out
printf '#!/bin/sh\nexit 0\n#%020480d\n' "$number" > out/shim
test "$number" -lt 21 || printf '#%04096d\n' 1 >> out/shim
chmod +x out/shim
echo spoilt >> number
END
for i in $(seq 1 32); do
  echo "number=$i" > number
  git add build.sh number
  git commit -q -m "Change number $i"
done
echo "number=99" > number
touch untracked
)";

class BisectCommandTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "measuring needs root";
    ASSERT_EQ(Shell(kMakeRepository).status.code, 0);
    status_ = Git("status --porcelain");
  }

  // Nothing of it may be seen in the repository of the user.
  void ExpectUntouched() {
    EXPECT_EQ(Git("status --porcelain"), status_);
    EXPECT_EQ(Git("worktree list | wc -l"), "1\n");
    EXPECT_EQ(Git("for-each-ref refs/bisect"), "");
    EXPECT_EQ(Git("stash list"), "");
    EXPECT_EQ(ReadFile(repository_ + "/number"), "number=99\n");
  }

  // With the repository as $0.
  RunResult Shell(const std::string& script) {
    const absl::StatusOr<RunResult> result =
        base::testing::RunToExit("/bin/sh", {"-c", script, repository_});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : RunResult();
  }
  std::string Git(const std::string& words) { return Shell("cd \"$0\" && git " + words).out; }

  RunResult Bisect(const std::string& good, const std::string& bad,
                   const std::vector<std::string>& build) {
    std::vector<std::string> words = {"bench",     "bisect", good,       bad,        "--repository",
                                      repository_, "--shim", "out/shim", "--metric", "binary-size",
                                      "--rounds",  "6",      "--"};
    words.insert(words.end(), build.begin(), build.end());
    const absl::StatusOr<RunResult> result = base::testing::RunToExit(SHIMGAUGE, words);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : RunResult();
  }

  const std::string repository_ = temp_.File("repository");
  std::string status_;
};

TEST_F(BisectCommandTest, FindsThePlantedCommitOf32) {
  const RunResult found = Bisect("HEAD~31", "HEAD", {"sh", "build.sh"});
  EXPECT_EQ(found.status.code, 0) << found.out << found.err;
  const std::string planted = Git("rev-parse HEAD~11");
  EXPECT_THAT(found.out, ContainsRegex("found in [45] steps by binary-size:\n"));
  EXPECT_THAT(found.out, HasSubstr(planted));
  EXPECT_THAT(found.out, HasSubstr("Change number 21\n"));
  EXPECT_THAT(found.out, ContainsRegex("  bad        [0-9a-f]+ Change number 32   "
                                       "\\(binary-size \\+[0-9.]+ %\\)\n"));
  ExpectUntouched();
}

TEST_F(BisectCommandTest, CommitsThatCannotBeBuiltAreSkipped) {
  const RunResult narrowed = Bisect(
      "HEAD~31", "HEAD", {"grep -qx 'number=\\(20\\|21\\|22\\)' number && exit 125; sh build.sh"});
  EXPECT_EQ(narrowed.status.code, 0) << narrowed.out << narrowed.err;
  EXPECT_THAT(narrowed.out, HasSubstr("the first bad one is one of:\n"));
  for (const int number : {20, 21, 22, 23}) {
    EXPECT_THAT(narrowed.out, ContainsRegex(absl::StrCat("\n  [0-9a-f]+ Change number ", number)));
  }
  EXPECT_THAT(narrowed.out, HasSubstr("(the build asked for it)"));
  ExpectUntouched();
}

TEST_F(BisectCommandTest, WhereNothingBecameWorseThereIsNothingToFind) {
  const RunResult none = Bisect("HEAD~31", "HEAD~12", {"sh build.sh"});
  EXPECT_EQ(none.status.code, 1) << none.out << none.err;
  EXPECT_THAT(none.out, HasSubstr("there is nothing to find"));
  ExpectUntouched();
}

TEST_F(BisectCommandTest, ABuildThatFailsEndsTheSearchWithWhatItSaid) {
  const RunResult failed = Bisect("HEAD~31", "HEAD", {"echo no compiler here; exit 3"});
  EXPECT_EQ(failed.status.code, 4);
  EXPECT_THAT(failed.err, HasSubstr("Change number 1 ended with exit code 3 (125 would skip it):\n"
                                    "no compiler here\n"));
  const RunResult empty = Bisect("HEAD~31", "HEAD", {"true"});
  EXPECT_EQ(empty.status.code, 4);
  EXPECT_THAT(empty.err, HasSubstr("Change number 1 made no program out/shim"));
  ExpectUntouched();
}

TEST_F(BisectCommandTest, CommitsAreChecked) {
  const RunResult unknown = Bisect("v9", "HEAD", {"true"});
  EXPECT_EQ(unknown.status.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("'v9' is no commit of " + repository_));
  const RunResult backwards = Bisect("HEAD", "HEAD~3", {"true"});
  EXPECT_EQ(backwards.status.code, 2);
  EXPECT_THAT(backwards.err, HasSubstr("HEAD is no ancestor of HEAD~3"));
  ExpectUntouched();
}

TEST_F(BisectCommandTest, AnInterruptLeavesNothingBehind) {
  const RunResult interrupted =
      Bisect("HEAD~31", "HEAD", {"trap '' INT; kill -INT $PPID; exec sleep 600"});
  EXPECT_EQ(interrupted.status.code, 130) << interrupted.err;
  EXPECT_THAT(interrupted.out, Not(HasSubstr("first bad")));
  ExpectUntouched();
}

}  // namespace
}  // namespace conformance
