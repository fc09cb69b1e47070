// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace conformance {

// How one execution of one check ended. Harness trouble (kError) is never the shim's fault or
// merit.
enum class Verdict {
  kPass,    // every expectation met, world clean
  kFail,    // a requirement is broken
  kCrash,   // a shim process ended although nothing in the check ends it
  kHang,    // a call or a process did not finish within its deadline
  kLeak,    // the check passed but the world is not clean afterwards
  kError,   // the harness or the host failed
  kSkip,    // not applicable; `why.text` says why
  kNotRun,  // aborted before it could run
};

// "pass", "fail", ... as used in every report.
absl::string_view VerdictName(Verdict verdict);

// Why a verdict is not a pass. `code` is a word of the closed vocabulary below: expectations,
// statistics and the proof of the suite match on it.
struct Why {
  std::string code;
  std::string text;         // one sentence: what was wrong
  std::string expected;     // what the rule asks for
  std::string observed;     // what was seen
  std::string requirement;  // the id this expectation stands for; empty: the check's first
  std::string where;        // file:line of the expectation
  friend bool operator==(const Why&, const Why&) = default;
};

// The closed vocabulary of Why::code.
namespace why {
inline constexpr char kStartFailed[] = "start.failed";      // `start` gave no usable address
inline constexpr char kStartAccepted[] = "start.accepted";  // `start` should have been refused
inline constexpr char kStartOutput[] = "start.output";      // unparsable or stray output
inline constexpr char kProcessState[] = "process.state";    // a process is (not) there, or differs
inline constexpr char kReplyCode[] = "reply.code";          // a call ended with the wrong code
inline constexpr char kReplyField[] = "reply.field";        // a field of a reply is wrong
inline constexpr char kReplyMissing[] = "reply.missing";    // no reply within the deadline
inline constexpr char kReplyDelayed[] = "reply.delayed";  // a call waited for something it must not
inline constexpr char kConnectionLost[] = "connection.lost";
inline constexpr char kStateWrong[] = "state.wrong";  // task state differs from the rule
inline constexpr char kExitStatus[] = "exit.status";  // wrong exit status or time
inline constexpr char kExitLost[] = "exit.lost";      // an exit never became visible
inline constexpr char kEventMissing[] = "event.missing";
inline constexpr char kEventDuplicate[] = "event.duplicate";
inline constexpr char kEventUnexpected[] = "event.unexpected";
inline constexpr char kEventOrder[] = "event.order";
inline constexpr char kEventField[] = "event.field";
inline constexpr char kOutputLost[] = "output.lost";  // bytes of stdio lost or altered
inline constexpr char kOutputNoEof[] = "output.no-eof";
inline constexpr char kInputLost[] = "input.lost";
inline constexpr char kFileContent[] = "file.content";    // a file is missing or differs
inline constexpr char kSocketState[] = "socket.state";    // socket file or listener differs
inline constexpr char kNetworkState[] = "network.state";  // what a network has or carries differs
inline constexpr char kLeftProcess[] = "left.process";
inline constexpr char kLeftMount[] = "left.mount";
inline constexpr char kLeftCgroup[] = "left.cgroup";
inline constexpr char kLeftSocket[] = "left.socket";
inline constexpr char kLeftFile[] = "left.file";
inline constexpr char kLeftNetwork[] = "left.network";  // links, filters, addresses
inline constexpr char kLeftFd[] = "left.fd";
inline constexpr char kZombie[] = "process.zombie";
inline constexpr char kShimCrashed[] = "shim.crashed";
inline constexpr char kLogFatal[] = "log.fatal";          // the log holds what the profile forbids
inline constexpr char kInvariant[] = "invariant.broken";  // a rule over the whole history
inline constexpr char kHarness[] = "harness.error";
inline constexpr char kHost[] = "host.unfit";
inline constexpr char kNotClaimed[] = "not-claimed";
inline constexpr char kInterrupted[] = "interrupted";
}  // namespace why

// Every word above, for tests and for reading expectation files.
const std::vector<absl::string_view>& WhyCodes();

}  // namespace conformance
