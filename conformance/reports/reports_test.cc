// SPDX-License-Identifier: Apache-2.0
// Every format, for the same made-up run, against its golden file. When a change of the output is
// wanted: run once with SHIMGAUGE_UPDATE_GOLDEN=1 and read the difference the version control
// shows.
#include "conformance/reports/reports.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/testing/temp_dir.h"
#include "conformance/reports/console.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/github.h"
#include "conformance/reports/markup.h"
#include "conformance/reports/recording.h"
#include "conformance/reports/sample_run.h"
#include "conformance/reports/text.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using base::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::Not;

class ReportsTest : public ::testing::Test {
 protected:
  std::string Written(const std::string& format) {
    const absl::StatusOr<ReportRequest> request =
        ParseReportRequest(format + "=" + temp_.File("out"));
    EXPECT_TRUE(request.ok()) << request.status();
    const absl::StatusOr<std::unique_ptr<Report>> report = MakeReport(*request);
    EXPECT_TRUE(report.ok()) << report.status();
    run_.Tell(**report);
    EXPECT_EQ((*report)->status(), absl::OkStatus());
    return ReadFile(temp_.File("out"));
  }
  std::string Console(bool verbose) {
    auto console = std::make_shared<conformance::Console>(*Output::Open(temp_.File("console")),
                                                          conformance::Console::Options());
    const std::unique_ptr<Report> report = MakeTextReport(console, verbose);
    run_.Tell(*report);
    return ReadFile(temp_.File("console"));
  }

  TempDir temp_;
  SampleRun run_;
};

TEST_F(ReportsTest, Text) { ExpectGolden(Console(false), "text.txt"); }
TEST_F(ReportsTest, VerboseText) { ExpectGolden(Written("text"), "verbose.txt"); }
TEST_F(ReportsTest, JsonLines) { ExpectGolden(Written("jsonl"), "stream.jsonl"); }
TEST_F(ReportsTest, Json) { ExpectGolden(Written("json"), "results.json"); }
TEST_F(ReportsTest, Junit) { ExpectGolden(Written("junit"), "junit.xml"); }

TEST_F(ReportsTest, Tap) { ExpectGolden(Written("tap"), "stream.tap"); }
TEST_F(ReportsTest, Markdown) { ExpectGolden(Written("md"), "summary.md"); }
TEST_F(ReportsTest, Html) { ExpectGolden(Written("html"), "report.html"); }

TEST_F(ReportsTest, GithubLogSummaryAndOutputs) {
  base::testing::WriteFile(temp_.File("summary"), "before\n");
  const std::unique_ptr<Report> report =
      MakeGithubReport(*Output::Open(temp_.File("log")),
                       {.summary = temp_.File("summary"), .output = temp_.File("output")});
  run_.Tell(*report);
  EXPECT_EQ(report->status(), absl::OkStatus());
  ExpectGolden(ReadFile(temp_.File("log")), "github.log");
  EXPECT_EQ(ReadFile(temp_.File("summary")), "before\n" + Written("md"));
  EXPECT_EQ(ReadFile(temp_.File("output")),
            "verdict=not-conformant\nmust=1/3\nunexpected=2\nexit-code=130\n");
}

TEST_F(ReportsTest, GithubNeedsNeitherSummaryNorOutputsButSaysWhenTheyFail) {
  const std::unique_ptr<Report> alone = MakeGithubReport(*Output::Open(temp_.File("log")), {});
  run_.Tell(*alone);
  EXPECT_EQ(alone->status(), absl::OkStatus());
  const std::unique_ptr<Report> full =
      MakeGithubReport(*Output::Open(temp_.File("log")), {.summary = "/dev/full", .output = ""});
  run_.Tell(*full);
  EXPECT_EQ(full->status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ReportsTest, EveryLineOfTheStreamIsAnObjectWithItsType) {
  const std::string text = Written("jsonl");
  std::vector<std::string> types;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    const auto line = nlohmann::json::parse(text.substr(start, end - start), nullptr, false);
    ASSERT_FALSE(line.is_discarded());
    types.push_back(line.at("t").get<std::string>());
    start = end + 1;
  }
  EXPECT_EQ(types.front(), "run.start");
  EXPECT_EQ(types.back(), "run.end");
  EXPECT_EQ(std::count(types.begin(), types.end(), "check.end"), 9);
}

TEST_F(ReportsTest, TheFoldHoldsTheRecordsOfTheStream) {
  const auto document = nlohmann::json::parse(Written("json"), nullptr, false);
  ASSERT_FALSE(document.is_discarded());
  EXPECT_EQ(document.at("checks").size(), 9u);
  EXPECT_EQ(document.at("summary").at("exit_code"), 130);
  EXPECT_EQ(document.at("summary").at("complete"), false);
  EXPECT_EQ(document.at("checks")[2].at("whys")[0].at("code"), "event.order");
}

TEST_F(ReportsTest, TheRecordingKeepsWhatItIsToldToKeep) {
  const auto failed = MakeRecording(temp_.File("failed"), Keep::kFailed);
  ASSERT_TRUE(failed.ok()) << failed.status();
  run_.Tell(**failed);
  EXPECT_EQ((*failed)->status(), absl::OkStatus());
  EXPECT_THAT(ReadFile(temp_.File("failed/events/exit-after-start.1/evidence.txt")),
              HasSubstr("first contradiction"));
  EXPECT_THAT(ReadFile(temp_.File("failed/events/exit-after-start.1/shim.log")),
              HasSubstr("publish"));
  EXPECT_THAT(ReadFile(temp_.File("failed/events/exit-after-start.1/check.json")),
              HasSubstr("\"actual\": \"fail\""));
  EXPECT_TRUE(std::filesystem::exists(temp_.File("failed/stdio/eof.2")));
  EXPECT_FALSE(std::filesystem::exists(temp_.File("failed/stdio/eof.1")));

  const auto all = MakeRecording(temp_.File("all"), Keep::kAll);
  ASSERT_TRUE(all.ok()) << all.status();
  run_.Tell(**all);
  EXPECT_TRUE(std::filesystem::exists(temp_.File("all/stdio/eof.1/evidence.txt")));

  const auto none = MakeRecording(temp_.File("none"), Keep::kNone);
  ASSERT_TRUE(none.ok()) << none.status();
  run_.Tell(**none);
  EXPECT_TRUE(std::filesystem::is_empty(temp_.File("none")));
}

TEST_F(ReportsTest, ARecordingThatCannotBeMadeIsAMistake) {
  base::testing::WriteFile(temp_.File("file"), "");
  EXPECT_EQ(MakeRecording(temp_.File("file/below"), Keep::kAll).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseKeep("failed"), Keep::kFailed);
  EXPECT_EQ(ParseKeep("some"), std::nullopt);
}

TEST_F(ReportsTest, AFullDiskIsReportedOnce) {
  const absl::StatusOr<std::unique_ptr<Output>> output = Output::Open("/dev/full");
  ASSERT_TRUE(output.ok()) << output.status();
  (*output)->Write("x");
  (*output)->Write("y");
  EXPECT_EQ((*output)->status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(EvidenceTest, ALongTimeLineIsCutAroundTheContradiction) {
  SampleRun run;
  CheckResult result;
  const Check check{.id = "x/y"};
  result.planned.check = &check;
  result.attempts.resize(1);
  for (int i = 0; i < 1000; ++i) {
    result.attempts[0].history.push_back(
        {.offset_us = i, .text = "line " + std::to_string(i), .contradiction = i == 500});
  }
  const std::string text = EvidenceText(result, run.info(), 40);
  EXPECT_THAT(text, HasSubstr("470 earlier lines"));
  EXPECT_THAT(text, HasSubstr("line 500   \u25c4 first contradiction"));
  EXPECT_THAT(text, HasSubstr("490 later lines"));
  EXPECT_THAT(EvidenceText(result, run.info(), 2000), HasSubstr("line 999"));

  result.attempts[0].history[500].contradiction = false;
  const std::string tail = EvidenceText(result, run.info(), 40);
  EXPECT_THAT(tail, HasSubstr("960 earlier lines"));
  EXPECT_THAT(tail, HasSubstr("line 999"));
}

TEST(EvidenceTest, ARecordedExecutionGoesByItsNumberNotByWhenItEnded) {
  const SampleRun run;
  RunInfo info = run.info();
  info.record = "/rec";
  const Check check{.id = "x/y"};
  CheckResult result;
  result.planned.check = &check;
  result.attempts.resize(2);
  result.attempts[0].number = 2;
  result.attempts[0].verdict = Verdict::kPass;
  result.attempts[1].number = 1;
  result.attempts[1].verdict = Verdict::kFail;
  result.decisive = 1;
  EXPECT_THAT(EvidenceText(result, info), HasSubstr("shimgauge repro /rec/x/y.1\n"));
}

TEST(JunitTest, OfAListedFlakyCheckOnlyRedAttemptsAreFailures) {
  TempDir temp;
  const Check check{.id = "x/y"};
  const Expectation expectation{.result = Expectation::Result::kFlaky};
  CheckResult result;
  result.planned.check = &check;
  result.planned.expectation = &expectation;
  result.result = Result::kXfail;
  result.attempts.resize(3);
  result.attempts[0].verdict = Verdict::kFail;
  result.attempts[0].whys = {{.code = why::kReplyCode, .text = "red"}};
  result.attempts[1].verdict = Verdict::kSkip;
  result.attempts[1].whys = {{.code = why::kReplyCode, .text = "not applicable"}};
  result.attempts[2].verdict = Verdict::kPass;
  const absl::StatusOr<ReportRequest> request = ParseReportRequest("junit=" + temp.File("out.xml"));
  ASSERT_TRUE(request.ok()) << request.status();
  const std::unique_ptr<Report> report = *MakeReport(*request);
  const SampleRun run;
  report->RunStarted(run.info());
  report->CheckEnded(result);
  report->RunEnded(Summary(), {result}, std::chrono::milliseconds(1));
  const std::string xml = ReadFile(temp.File("out.xml"));
  EXPECT_THAT(xml, HasSubstr("message=\"reply.code\">red</flakyFailure>"));
  EXPECT_THAT(xml, Not(HasSubstr("not applicable")));
}

TEST(EvidenceTest, OutputOfAShimCannotDriveATerminal) {
  EXPECT_EQ(Printable("a\x1b[2J\r\nb\tc\x7f"), "a\\x1b[2J\\x0d\\x0ab c\\x7f");
  EXPECT_EQ(Printable("\u2192 ok\xff"), "\u2192 ok\\xff");
}

TEST(EvidenceTest, WordsAreQuotedForAShell) {
  EXPECT_EQ(ShellWord("/usr/bin/x-1"), "/usr/bin/x-1");
  EXPECT_EQ(ShellWord("a b"), "'a b'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord(""), "''");
}

TEST(OutputTest, AWholeFileAppearsAtOnceOrNotAtAll) {
  TempDir temp;
  const std::string path = temp.File("out.json");
  base::testing::WriteFile(path, "old");
  {
    const std::unique_ptr<Output> output = *Output::Open(path, Output::Mode::kWhole);
    output->Write("new");
    EXPECT_EQ(ReadFile(path), "old");
    output->Finish();
    EXPECT_EQ(output->status(), absl::OkStatus());
    EXPECT_EQ(ReadFile(path), "new");
  }
  {
    const std::unique_ptr<Output> abandoned = *Output::Open(path, Output::Mode::kWhole);
    abandoned->Write("half");
  }
  EXPECT_EQ(ReadFile(path), "new");
  std::filesystem::create_symlink(path, temp.File("link"));
  const std::unique_ptr<Output> linked = *Output::Open(temp.File("link"), Output::Mode::kWhole);
  linked->Write("through the link");
  linked->Finish();
  EXPECT_EQ(ReadFile(path), "through the link");
  EXPECT_TRUE(std::filesystem::is_symlink(temp.File("link")));
  const auto entries = std::filesystem::directory_iterator(temp.path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 2) << "something is left behind";
}

TEST(OutputTest, WhatCannotBeWrittenIsKnownAtOnce) {
  TempDir temp;
  for (const Output::Mode mode :
       {Output::Mode::kStream, Output::Mode::kWhole, Output::Mode::kAppend}) {
    const auto missing = Output::Open(temp.File("no/dir"), mode);
    EXPECT_EQ(missing.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(missing.status().message()), HasSubstr("No such file or directory"));
    EXPECT_THAT(std::string(Output::Open(temp.path(), mode).status().message()),
                HasSubstr("Is a directory"));
  }
}

TEST(OutputTest, AFullDiskIsAFailureInEveryMode) {
  for (const Output::Mode mode :
       {Output::Mode::kStream, Output::Mode::kWhole, Output::Mode::kAppend}) {
    const std::unique_ptr<Output> output = *Output::Open("/dev/full", mode);
    output->Write("x");
    output->Finish();
    EXPECT_EQ(output->status().code(), absl::StatusCode::kResourceExhausted);
  }
}

// A file system with room for nothing: the earlier result survives.
TEST(OutputTest, AFullFileSystemLeavesThePreviousFileAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: mounts a file system";
  TempDir temp;
  ASSERT_EQ(::mount("tmpfs", temp.path().c_str(), "tmpfs", 0, "size=16k"), 0);
  const std::string path = temp.File("out.json");
  base::testing::WriteFile(path, "old");
  const std::unique_ptr<Output> output = *Output::Open(path, Output::Mode::kWhole);
  output->Write(std::string(64 * 1024, 'x'));
  output->Finish();
  EXPECT_EQ(output->status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadFile(path), "old");
  const auto entries = std::filesystem::directory_iterator(temp.path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "something is left behind";
  EXPECT_EQ(::umount2(temp.path().c_str(), MNT_DETACH), 0);
}

// What `docker run --volume` makes of a single file.
class MountedFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: mounts a file";
    base::testing::WriteFile(host_, "longer than what comes");
    base::testing::WriteFile(path_, "");
    ASSERT_EQ(::mount(host_.c_str(), path_.c_str(), nullptr, MS_BIND, nullptr), 0);
  }
  void TearDown() override { ::umount2(path_.c_str(), MNT_DETACH); }

  absl::Status WriteNew() const {
    const std::unique_ptr<Output> output = *Output::Open(path_, Output::Mode::kWhole);
    output->Write("new");
    output->Finish();
    return output->status();
  }
  std::ptrdiff_t Files() const {
    const auto entries = std::filesystem::directory_iterator(temp_.path());
    return std::distance(begin(entries), end(entries));
  }

  TempDir temp_;
  const std::string host_ = temp_.File("host.json");
  const std::string path_ = temp_.File("out.json");
};

TEST_F(MountedFileTest, IsWrittenOverSinceNothingCanTakeItsPlace) {
  EXPECT_EQ(WriteNew(), absl::OkStatus());
  EXPECT_EQ(ReadFile(host_), "new");
  EXPECT_EQ(Files(), 2) << "something is left behind";
}

TEST_F(MountedFileTest, SaysWhenItCannotBeWritten) {
  const unsigned long how = MS_BIND | MS_REMOUNT | MS_RDONLY;
  ASSERT_EQ(::mount(nullptr, path_.c_str(), nullptr, how, nullptr), 0);
  EXPECT_THAT(std::string(WriteNew().message()), HasSubstr("out.json: Read-only file system"));
  EXPECT_EQ(ReadFile(host_), "longer than what comes");
  EXPECT_EQ(Files(), 2) << "something is left behind";
}

TEST(GithubTest, NothingAShimWritesBecomesACommand) {
  SampleRun run;
  TempDir temp;
  const std::unique_ptr<Report> report = MakeGithubReport(*Output::Open(temp.File("log")), {});
  Check check{.id = "x/y"};
  CheckResult result;
  result.planned.check = &check;
  result.result = Result::kFail;
  result.unexpected = true;
  result.attempts.resize(1);
  result.attempts[0].whys = {{.code = why::kReplyCode, .text = "a\n::stop-commands::x"}};
  result.attempts[0].shim_log = "::add-mask::y\n  ::error::z\nx ##[error]w\n";
  report->RunStarted(run.info());
  report->RunEnded({}, {result}, {});
  std::size_t commands = 0;
  for (const absl::string_view line : absl::StrSplit(ReadFile(temp.File("log")), '\n')) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    EXPECT_THAT(std::string(text), Not(HasSubstr("##[")));
    if (absl::StartsWith(text, "::")) ++commands;
  }
  EXPECT_EQ(commands, 3u) << "group, endgroup, error";
}

TEST(MarkupTest, MarkdownShowsWhatItIsGiven) {
  EXPECT_EQ(MarkdownText("a|b *c* <d> &e;\n"), "a\\|b \\*c\\* \\<d\\> &amp;e;\\\\x0a");
  EXPECT_EQ(MarkdownBlock("x"), "```text\nx\n```\n");
  EXPECT_EQ(MarkdownBlock("````\n"), "`````text\n````\n`````\n");
}

TEST(MarkupTest, TextIsCutBetweenCharacters) {
  EXPECT_EQ(Shortened("abc", 3), "abc");
  EXPECT_EQ(Shortened("abcd", 3), "abc...");
  EXPECT_EQ(Shortened("ab\u25c4", 3), "ab...");
}

TEST(MarkupTest, XmlIsEscapedAndValid) {
  EXPECT_EQ(XmlText("a<b>&\"c\"\n\t"), "a&lt;b&gt;&amp;&quot;c&quot;\n\t");
  EXPECT_EQ(XmlText("\x1b\x01"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(XmlText("\xff\xc0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(XmlText("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  EXPECT_EQ(XmlText("\u25c4\U0001F600"), "\u25c4\U0001F600");
  EXPECT_EQ(XmlText("\xe2\x97"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // cut short
}

TEST(ConsoleTest, TheStatusLineIsErasedAroundText) {
  TempDir temp;
  {
    Console console(*Output::Open(temp.File("out")), {.live = true, .colour = false});
    console.SetStatus("[1/2]");
    console.SetStatus("[1/2]");
    console.Print("done\n");
    console.SetStatus("[2/2]");
  }
  EXPECT_EQ(ReadFile(temp.File("out")),
            "[1/2]"
            "\r\x1b[2K"
            "done\n[1/2]"
            "\r\x1b[2K"
            "[2/2]"
            "\r\x1b[2K");
}

TEST(ConsoleTest, NothingIsDrawnUnlessLiveAndNothingColouredUnlessAsked) {
  TempDir temp;
  Console plain(*Output::Open(temp.File("out")), {});
  plain.SetStatus("[1/2]");
  EXPECT_EQ(plain.Paint(Colour::kBad, "x"), "x");
  EXPECT_EQ(ReadFile(temp.File("out")), "");
  Console coloured(*Output::Open(temp.File("out")), {.live = true, .colour = true});
  EXPECT_EQ(coloured.Paint(Colour::kGood, "x"), "\x1b[32mx\x1b[0m");
}

TEST(TextTest, TheVersionIsFoundInWhatShimsSay) {
  EXPECT_EQ(ShortVersion("containerd-shim-runc-v2:\n  Version:  1.6.20\n"), "1.6.20");
  EXPECT_EQ(ShortVersion("\nacme shim 3\nmore\n"), "acme shim 3");
  EXPECT_EQ(ShortVersion(""), "");
}

TEST(ReportTableTest, FormatsAreParsed) {
  EXPECT_EQ(ParseReportRequest("junit=a=b.xml")->file, "a=b.xml");
  EXPECT_EQ(ParseReportRequest("junit=a.xml")->format->name, "junit");
  EXPECT_EQ(ParseReportRequest("github")->file, "-");
  EXPECT_EQ(ParseReportRequest("github=log")->file, "log");
  EXPECT_FALSE(ParseReportRequest("junit").ok());
  EXPECT_FALSE(ParseReportRequest("junit=").ok());
  EXPECT_FALSE(ParseReportRequest("=x").ok());
}

}  // namespace
}  // namespace conformance
