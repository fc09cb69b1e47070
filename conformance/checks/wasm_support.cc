// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/wasm_support.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "conformance/checks/lifecycle_observation.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::Not;

// A tenth of what kubelet and ctr wait for after SIGTERM.
constexpr std::chrono::seconds kSoon{3};

// From Create to the end; OK if it came to an end that looks like success.
std::string FailureOf(CheckContext& check, const Task& task, const std::string& what) {
  absl::Status status = task.create_status();
  if (!status.ok()) return std::string(status.message());
  status = task.Start().status();
  std::string told(status.message());
  if (status.ok()) {
    const ExitInfo end = check.Require(task.Wait(), {.text = "Wait for " + what});
    check.EXPECT_THAT(end.exit_status, AllOf(Ne(0u), Ne(137u)),
                      {.text = absl::StrCat("the status of ", what,
                                            ", which can neither succeed "
                                            "nor was killed"),
                       .code = why::kExitStatus});
    check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true), {.code = why::kOutputNoEof});
    told = task.stdio().error();
  }
  check.EXPECT_THAT(task.Delete(), IsOk(), {.text = "Delete of " + what});
  return told;
}

}  // namespace

CreateOptions WithSpec(std::function<void(nlohmann::json& spec)> edit) {
  CreateOptions options;
  options.bundle.edit = [edit = std::move(edit)](const std::string& config) {
    auto spec = nlohmann::json::parse(config, nullptr, /*allow_exceptions=*/false);
    edit(spec);
    return spec.dump();
  };
  return options;
}

Task RunModule(CheckContext& check, const ProcessSpec& process, std::uint32_t status,
               const CreateOptions& options) {
  const Task task = check.Run(process, options);
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(status)),
                    {.text = "the end of the module " + process.program});
  check.ASSERT_THAT(task.stdio().AwaitEof(), Eq(true), {.code = why::kOutputNoEof});
  return task;
}

std::vector<std::string> OutputLines(const Task& task) {
  std::vector<std::string> lines = absl::StrSplit(task.stdio().output(), '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

std::string ExpectModuleFails(CheckContext& check, const ProcessSpec& process,
                              const std::string& what, const CreateOptions& options) {
  const Task task = check.TryCreate(process, options);
  std::string told = FailureOf(check, task, what);
  if (!task.create_status().ok()) {
    check.EXPECT_THAT(told, Not(IsEmpty()), {.text = "Create says what is wrong with " + what});
    check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), IsEmpty(),
                      {.code = why::kLeftMount, .requirement = "CREATE-11"});
  }
  ExpectAnswers(check, task.shim());
  return told;
}

void ExpectRunsModules(CheckContext& check) { RunModule(check, Program("exit_code.wasm", "7"), 7); }

void ExpectEndsSoon(CheckContext& check, const Task& task, std::uint32_t status,
                    const std::string& after) {
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  check.Eventually([&] { return wait->done(); }, kSoon);
  check.ASSERT_THAT(wait->done(), Eq(true),
                    {.text = absl::StrCat("the guest ends within ", kSoon.count(), " s ", after),
                     .code = why::kProcessState});
  check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(status)),
                    {.text = "the status " + after});
}

}  // namespace conformance
