// SPDX-License-Identifier: Apache-2.0
// What is made from the command line's definition says all of it, and says the truth.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "conformance/harness/commands.h"
#include "conformance/harness/toy_judge.h"
#include "conformance/manual/command_model.h"
#include "conformance/manual/completion.h"
#include "conformance/manual/man_page.h"

namespace conformance {
namespace {

using base::testing::RunResult;
using ::testing::HasSubstr;

class ManualTest : public base::testing::ProcessTest {
 protected:
  ManualTest() {
    CLI::App app("a judge", "shimgauge");
    const std::vector<Check> checks;
    const std::vector<CommandAction> actions = DefineCommands(
        app, {.checks = checks, .surveys = checks, .argv = {}, .judge_story = nullptr});
    model_ = ModelOf(app);
  }

  RunResult Run(const base::SpawnSpec& spec) {
    const absl::StatusOr<RunResult> result = base::testing::RunToExit(spec);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : RunResult();
  }
  RunResult Judge(const std::vector<std::string>& arguments) { return Run(ToyJudge(arguments)); }

  // What bash offers for the last of `words`, one a line.
  std::string Completed(const std::string& words) {
    base::testing::WriteFile(temp_.File("s.bash"), *CompletionScript(model_, "bash"));
    base::SpawnSpec spec;
    spec.path = "/bin/bash";
    spec.argv = {"bash", "-c",
                 absl::StrCat("source ", temp_.File("s.bash"), "; COMP_WORDS=(shimgauge ", words,
                              "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _shimgauge; printf "
                              "'%s\\n' \"${COMPREPLY[@]}\"")};
    const RunResult result = Run(spec);
    EXPECT_EQ(result.err, "");
    return result.out;
  }

  CommandModel model_;
};

TEST_F(ManualTest, EveryCommandAndOptionIsInEveryScriptAndOnTheManPage) {
  const std::string man = absl::StrReplaceAll(ManPage(model_, "1"), {{"\\-", "-"}});
  const std::string bash = *CompletionScript(model_, "bash");
  const std::string zsh = *CompletionScript(model_, "zsh");
  const std::string fish = *CompletionScript(model_, "fish");
  std::size_t options = 0;
  for (const CommandModel* command : AllCommands(model_)) {
    for (const CommandModel& sub : command->commands) {
      const std::string& word = sub.words.back();
      EXPECT_THAT(man, HasSubstr(absl::StrCat(".SS shimgauge ", sub.words.front()))) << word;
      EXPECT_THAT(bash, HasSubstr(word));
      EXPECT_THAT(zsh, HasSubstr(absl::StrCat("'", word, ":")));
      EXPECT_THAT(fish, HasSubstr(absl::StrCat(" -a ", word, " ")));
    }
    for (const OptionModel& option : command->options) {
      if (option.positional) continue;
      for (const std::string& name : option.names) {
        ++options;
        EXPECT_THAT(man, HasSubstr(absl::StrCat("\\fB", name, "\\fR")));
        EXPECT_THAT(bash, HasSubstr(absl::StrCat(" ", name)));
        EXPECT_THAT(zsh, HasSubstr(absl::StrCat("'*", name, "[")));
        const bool is_long = name.substr(0, 2) == "--";
        EXPECT_THAT(fish, HasSubstr(absl::StrCat(is_long ? " -l " : " -s ",
                                                 name.substr(is_long ? 2 : 1), " ")));
      }
    }
  }
  EXPECT_GT(options, 30u);
}

TEST_F(ManualTest, BashOffersCommandsOptionsAndValues) {
  EXPECT_EQ(Completed("ru"), "run\n");
  EXPECT_EQ(Completed("run --shi"), "--shim\n");
  EXPECT_THAT(Completed("run -"), HasSubstr("--shuffle\n"));
  EXPECT_EQ(Completed("run --shuffle --level m"), "must\n");
  EXPECT_EQ(Completed("expect pr"), "prune\n");
  EXPECT_EQ(Completed("expect update --wr"), "--write\n");
  EXPECT_EQ(Completed("run --priv u"), "userns\n");
  EXPECT_EQ(Completed("run --order ''"), "failed-first\n");
  EXPECT_EQ(Completed("completion ''"), "bash\nzsh\nfish\n");
  EXPECT_EQ(Completed("run --profile host-"), "host-process\n");
  for (const char* words :
       {"run --plan", "run --expect", "run --engine", "diff", "merge", "repro"}) {
    base::testing::WriteFile(temp_.File("a-file"), "");
    const std::string file = temp_.File("a-file");
    EXPECT_EQ(Completed(absl::StrCat(words, " ", file.substr(0, file.size() - 2))), file + "\n")
        << words;
  }
}

TEST_F(ManualTest, WrongUsagesSayWhatTheManPageTells) {
  for (const CommandModel& command : model_.commands) {
    EXPECT_GE(std::count_if(WrongUsages().begin(), WrongUsages().end(),
                            [&command](const WrongUsage& usage) {
                              return usage.arguments.front() == command.words.front();
                            }),
              3)
        << command.words.front();
  }
  for (const WrongUsage& usage : WrongUsages()) {
    const RunResult result = Judge(usage.arguments);
    EXPECT_EQ(result.status.code, usage.exit_code) << usage.message;
    EXPECT_EQ(result.err, absl::StrCat("shimgauge: ", usage.message, "\n"));
  }
}

TEST_F(ManualTest, TheCommandsPrintThem) {
  EXPECT_THAT(Judge({"man"}).out, HasSubstr(".TH SHIMGAUGE 1"));
  EXPECT_EQ(Judge({"completion", "fish"}).out, *CompletionScript(model_, "fish"));
}

}  // namespace
}  // namespace conformance
