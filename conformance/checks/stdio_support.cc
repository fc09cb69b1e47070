// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/stdio_support.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <utility>

#include "fixtures/programs/pattern.h"

namespace conformance {

using ::testing::Eq;

CreateOptions WithStdin() {
  CreateOptions options;
  options.stdio.standard_input = true;
  return options;
}

ProcessSpec OnTerminal(ProcessSpec process) {
  process.terminal = true;
  return process;
}

bool IsFifo(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

std::string Pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = fixtures::PatternByte(i);
  return text;
}

void ExpectPattern(CheckContext& check, const std::string& text, std::size_t bytes,
                   const std::string& stream) {
  check.EXPECT_THAT(text.size(), Eq(bytes),
                    {.text = absl::StrCat("bytes on ", stream), .code = why::kOutputLost});
  check.EXPECT_THAT(fixtures::FirstMismatch(text), Eq(std::string::npos),
                    {.text = absl::StrCat("offset of the first altered byte on ", stream),
                     .code = why::kOutputLost});
}

void ExpectUndisturbed(CheckContext& check, const Task& task, const std::string& beside) {
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = absl::StrCat("State beside ", beside)});
  const Exec exec = check.Require(task.AddExec(Program("emit", "5000")),
                                  {.text = absl::StrCat("Exec beside ", beside)});
  check.ASSERT_THAT(exec.Start(), IsOk(), {.text = absl::StrCat("an exec beside ", beside)});
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = absl::StrCat("an exec beside ", beside)});
  check.EXPECT_THAT(exec.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  ExpectPattern(check, exec.stdio().output(), 5000, absl::StrCat("an exec beside ", beside));
  check.EXPECT_THAT(exec.Delete(), IsOk(), {.text = absl::StrCat("an exec beside ", beside)});
}

}  // namespace conformance
