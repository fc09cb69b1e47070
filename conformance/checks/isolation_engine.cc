// SPDX-License-Identifier: Apache-2.0
// The obstacles that the stand-in engine makes: each of its verbs slow, or hung until killed.
#include "conformance/checks/isolation_engine.h"

#include <absl/strings/str_cat.h>

#include <chrono>
#include <csignal>
#include <utility>

#include "conformance/checks/isolation.h"
#include "conformance/checks/lifecycle_observation.h"
#include "fakes/fault/fault_gate.h"

namespace conformance {
namespace {

using ::testing::Eq;

// Sends the call, and waits until the engine's verb is stuck. A shim may answer without its engine.
std::unique_ptr<PendingReply> SendUntilStuck(CheckContext& check, const EngineCall& call,
                                             const EngineSubject& subject,
                                             const EngineFaults& faults, const std::string& rule) {
  std::unique_ptr<PendingReply> reply = call.send(check, subject);
  check.ASSERT_THAT(
      check.Eventually([&] { return !faults.Firings(rule).empty() || reply->done(); }), Eq(true),
      {.text = absl::StrCat("the engine is asked to ", call.verb), .code = why::kProcessState});
  RequireEngineAsked(check, call, faults, rule);
  return reply;
}

std::string WhileStuck(const EngineCall& call, const EngineSubject& subject, const char* how) {
  return absl::StrCat("while the engine's ", call.verb, " for ", subject.bundle.id, " ", how);
}

void SlowVerb(CheckContext& check, ShimUnderTest& shim, const Obstacle::During& during,
              const EngineCall& call) {
  EngineFaults faults(check);
  const EngineSubject subject = call.prepare(check, shim);
  fakes::FaultGate gate = check.Require(fakes::FaultGate::Make(check.ScratchDirectory() + "/slow"),
                                        {.code = why::kHarness});
  const std::string rule = faults.Add({.verb = call.verb,
                                       .fault = fakes::Fault::kSlow,
                                       .container = subject.bundle.id,
                                       .until = gate.path()});
  const std::unique_ptr<PendingReply> reply = SendUntilStuck(check, call, subject, faults, rule);
  during(WhileStuck(call, subject, "is slow"), subject.bundle.id);
  check.Linger(std::chrono::milliseconds(50));  // an answer without the engine may be under way
  check.EXPECT_THAT(reply->done(), Eq(false),
                    {.text = absl::StrCat(call.name, " returned before its engine was done"),
                     .code = why::kProcessState});
  check.Require(gate.Open(), {.code = why::kHarness});
  check.EXPECT_THAT(reply->Get(), IsOk(), {.text = absl::StrCat(call.name, " goes on")});
}

// Nobody gives a hung engine back to its shim; when an operator kills it, the call has to end.
void HungVerb(CheckContext& check, ShimUnderTest& shim, const Obstacle::During& during,
              const EngineCall& call) {
  EngineFaults faults(check);
  const EngineSubject subject = call.prepare(check, shim);
  const std::string rule =
      faults.Add({.verb = call.verb, .fault = fakes::Fault::kHang, .container = subject.bundle.id});
  const std::unique_ptr<PendingReply> reply = SendUntilStuck(check, call, subject, faults, rule);
  during(WhileStuck(call, subject, "hangs"), subject.bundle.id);
  const pid_t engine = faults.Firings(rule).front().pid;
  check.ASSERT_THAT(::kill(engine, SIGKILL), Eq(0),
                    {.text = "the hung engine is there", .code = why::kProcessState});
  check.EXPECT_THAT(reply->Get(), IsError(),
                    {.text = absl::StrCat(call.name, " ends when its engine is killed")});
  ExpectAnswers(check, shim);
}

}  // namespace

void AddEngineObstacles(std::vector<Check>& checks) {
  for (const EngineCall& call : EngineCalls()) {
    const Needs needs = call.needs | ToNeeds(Need::kFakeEngine);
    AddIsolationRows(checks, {.word = absl::StrCat("a-slow-engine-", call.verb),
                              .needs = needs,
                              .obstruct = [&call](CheckContext& check, ShimUnderTest& shim,
                                                  const Obstacle::During& during) {
                                SlowVerb(check, shim, during, call);
                              }});
    AddIsolationRow(checks, {.word = absl::StrCat("a-hung-engine-", call.verb),
                             .needs = needs,
                             .obstruct = [&call](CheckContext& check, ShimUnderTest& shim,
                                                 const Obstacle::During& during) {
                               HungVerb(check, shim, during, call);
                             }});
  }
}

}  // namespace conformance
