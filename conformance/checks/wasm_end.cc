// SPDX-License-Identifier: Apache-2.0
// How a guest comes to its end otherwise than by itself: traps, kills, signals.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "conformance/checks/wasm.h"
#include "conformance/checks/wasm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::Eq;
using ::testing::Ne;

// What a guest that has ended wrote needs no more than a moment.
constexpr std::chrono::seconds kSoonWritten{2};

struct Trap {
  const char* word;                // in ids
  const char* module;              // of fixtures/wasm
  std::vector<std::string> words;  // engines say one of them
};

const std::vector<Trap>& Traps() {
  static const std::vector<Trap> kTraps = {
      {"unreachable", "trap_unreachable.wasm", {"unreachable"}},
      {"out-of-bounds", "trap_out_of_bounds.wasm", {"out of bounds", "memory access"}},
      {"division-by-zero", "trap_division.wasm", {"divi"}},
      {"integer-overflow", "trap_overflow.wasm", {"overflow"}},
      {"full-stack", "trap_stack.wasm", {"stack"}},
      {"wrong-type-of-call", "trap_indirect_call.wasm", {"indirect", "type", "signature"}},
  };
  return kTraps;
}

void TrapIsToldApart(CheckContext& check, const Trap& trap) {
  const Task task = check.Run(Program(trap.module));
  const ExitInfo end = check.Require(task.Wait());
  check.EXPECT_THAT(end.exit_status, AllOf(Ne(0u), Ne(137u)),
                    {.text = "the status of a trap, which is neither success nor a kill",
                     .code = why::kExitStatus});
  check.Note(absl::StrCat("a trap ends with status ", end.exit_status));
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true), {.code = why::kOutputNoEof});
  check.EXPECT_THAT(task.stdio().output(), Eq("running\n"),
                    {.text = "what the guest wrote before its trap", .code = why::kOutputLost});
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(end.exit_status)));
}

void TrapSaysWhatItWas(CheckContext& check) {
  for (const Trap& trap : Traps()) {
    const Task task = check.Run(Program(trap.module));
    check.Require(task.Wait());
    const std::string& error = task.stdio().error();
    const auto told = [&] {
      return std::any_of(trap.words.begin(), trap.words.end(), [&](const std::string& word) {
        return error.find(word) != std::string::npos;
      });
    };
    check.ASSERT_THAT(check.Eventually(told, kSoonWritten), Eq(true),
                      {.text = absl::StrCat("stderr of a guest whose trap is '", trap.word,
                                            "': ", error.substr(0, 200)),
                       .code = why::kOutputLost});
  }
}

// --- from outside --------------------------------------------------------------------------------

void KillEndsALoop(CheckContext& check) {
  const Task task = check.Run(Program("spin.wasm"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("running"), Eq(true), {.code = why::kOutputLost});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  ExpectEndsSoon(check, task, 137, "after SIGKILL in a loop");
  check.EXPECT_THAT(task.ProcessGone(), Eq(true), {.code = why::kLeftProcess});
}

void SignalEnds(CheckContext& check, const ProcessSpec& process, const char* sign, int signo) {
  const Task task = check.Run(process);
  check.ASSERT_THAT(task.stdio().AwaitOutput(sign), Eq(true), {.code = why::kOutputLost});
  check.ASSERT_THAT(task.Kill(signo), IsOk());
  ExpectEndsSoon(check, task, 128u + static_cast<std::uint32_t>(signo),
                 absl::StrCat("after signal ", signo));
}

void SigtermEndsASleeper(CheckContext& check) {
  SignalEnds(check, Program("pause.wasm", "--ready"), "ready", SIGTERM);
}

void SigtermEndsALoop(CheckContext& check) {
  SignalEnds(check, Program("spin.wasm"), "running", SIGTERM);
}

void OtherRequestsToEnd(CheckContext& check) {
  for (const int signo : {SIGINT, SIGHUP, SIGQUIT}) {
    SignalEnds(check, Program("pause.wasm", "--ready"), "ready", signo);
  }
}

// A created guest has no code running that could see a signal.
void KillBeforeStart(CheckContext& check) {
  const Task task = check.Create(Program("touch.wasm", check.ScratchDirectory() + "/ran"));
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  ExpectEndsSoon(check, task, 137, "after SIGKILL before Start");
  check.EXPECT_THAT(task.Delete(), IsOk());
}

}  // namespace

void AddWasmEndChecks(std::vector<Check>& checks) {
  const Needs wasm = ToNeeds(Need::kWasm);
  for (const Trap& trap : Traps()) {
    checks.push_back({.id = absl::StrCat("wasm/a-trap-by-", trap.word, "-is-no-kill"),
                      .requirements = {"WASM-05"},
                      .tags = {"matrix"},
                      .needs = wasm,
                      .run = [&trap](CheckContext& check) { TrapIsToldApart(check, trap); }});
  }
  const std::vector<Check> rows = {
      {.id = "wasm/a-trap-says-on-stderr-what-it-was",
       .requirements = {"WASM-06"},
       .level = Level::kShould,
       .needs = wasm,
       .run = TrapSaysWhatItWas},
      {.id = "wasm/sigkill-ends-a-loop-at-once",
       .requirements = {"WASM-07"},
       .needs = wasm,
       .run = KillEndsALoop},
      {.id = "wasm/sigkill-ends-a-guest-that-never-started",
       .requirements = {"WASM-07", "KILL-01"},
       .needs = wasm,
       .run = KillBeforeStart},
      {.id = "wasm/sigterm-ends-a-guest-that-sleeps",
       .requirements = {"WASM-08"},
       .needs = wasm,
       .run = SigtermEndsASleeper},
      {.id = "wasm/sigterm-ends-a-guest-in-a-loop",
       .requirements = {"WASM-08"},
       .needs = wasm,
       .run = SigtermEndsALoop},
      {.id = "wasm/sigint-sighup-and-sigquit-end-a-guest",
       .requirements = {"WASM-09"},
       .level = Level::kShould,
       .needs = wasm,
       .run = OtherRequestsToEnd},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
