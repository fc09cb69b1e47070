// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "fakes/wire/wire_rule.h"

namespace fakes {
namespace {

constexpr WireSides kP = Bit(WireSide::kRequest);
constexpr WireSides kR = Bit(WireSide::kReply);
constexpr WireSides kE = Bit(WireSide::kEvent);
constexpr WireSides kS = Bit(WireSide::kStart);
constexpr WireSides kD = Bit(WireSide::kDelete);
constexpr WireSides kI = Bit(WireSide::kInfo);

using A = WireArguments;

}  // namespace

const std::vector<WireActInfo>& WireActs() {
  static const std::vector<WireActInfo> acts = {
      {WireAct::kSet, "set", kP | kR | kE | kS | kD | kI, A::kAssignments,
       "fields get other values; of replies only those that are OK"},
      {WireAct::kClear, "clear", kP | kR | kE | kD | kI, A::kFields,
       "fields are left out; of replies only those that are OK"},
      {WireAct::kUnknownField, "unknown-field", kP | kR | kE | kD | kI, A::kNone,
       "a field that no version knows is added; of replies only to those that are OK"},
      {WireAct::kDrop, "drop", kP | kR | kE, A::kNone,
       "the message never arrives; the shim believes that its event did"},
      {WireAct::kDuplicate, "dup", kP | kR | kE, A::kNone,
       "it arrives twice; a request the second time over a connection of its own"},
      {WireAct::kFail, "fail", kP | kR, A::kCode,
       "the call is answered with this code; a request does not reach the shim"},
      {WireAct::kEmpty, "empty", kP | kR, A::kNone,
       "the call is answered OK without a payload; a request does not reach the shim"},
      {WireAct::kCode, "code", kR, A::kCode, "an error keeps its text unless one is given"},
      {WireAct::kText, "text", kR, A::kText,
       "an error keeps its code and gets another text, in which {text} is the one it had"},
      {WireAct::kDelay, "delay", kP | kR | kE, A::kNumber,
       "it goes on so many milliseconds later; requests and events keep their order"},
      {WireAct::kHold, "hold", kP | kR | kE, A::kMessage,
       "it goes on after the next message of that side and name; requests keep their order"},
      {WireAct::kSwap, "swap", kR, A::kNone,
       "it waits for the next reply of its kind, and each gets the other's contents"},
      {WireAct::kStream, "stream", kR, A::kShift, "the frame bears another stream id"},
      {WireAct::kType, "type", kP | kR, A::kNumber, "the frame bears another type"},
      {WireAct::kFlags, "flags", kP | kR, A::kNumber, "the frame bears these flags"},
      {WireAct::kLength, "length", kR, A::kShift, "the header lies about the length"},
      {WireAct::kTruncate, "truncate", kP | kR, A::kNumber,
       "the last bytes of the envelope are missing, in a frame of the right length"},
      {WireAct::kCorrupt, "corrupt", kP | kR, A::kNumber,
       "the envelope's byte at this offset is inverted"},
      {WireAct::kGarbage, "garbage", kP | kR | kE, A::kNone,
       "the payload is undecodable; of replies only those that are OK"},
      {WireAct::kGarbageEnvelope, "garbage-envelope", kP | kR, A::kNone,
       "the envelope is undecodable"},
      {WireAct::kCut, "cut", kR, A::kNone, "half of the frame arrives, then the connection ends"},
      {WireAct::kClose, "close", kP | kR, A::kNone, "the connection ends instead"},
      {WireAct::kInsert, "insert", kR, A::kTypeStream,
       "an empty frame of this type and stream comes before it"},
      {WireAct::kNoDeadline, "no-deadline", kP, A::kNone, "the shim is told of no time limit"},
      {WireAct::kSignal, "signal", kP | kR | kE, A::kNumber,
       "the shim's daemon gets this signal before the message goes on"},
      {WireAct::kSpec, "spec", kP, A::kText,
       "of Create: config.json of the bundle is another one, by an edit of "
       "../spec_edit/spec_edit.h"},
      {WireAct::kAlso, "also", kP | kR, A::kNameAssignments,
       "the shim gets this call as well, and has answered it before the message goes on"},
      {WireAct::kEmit, "emit", kP | kR | kE | kD, A::kNameAssignments,
       "containerd gets this event as well, before the message goes on"},
      {WireAct::kPrint, "print", kCommandSides, A::kText, "the output is this text"},
      {WireAct::kPrintBefore, "print-before", kCommandSides, A::kText,
       "this text precedes the output"},
      {WireAct::kPrintAfter, "print-after", kCommandSides, A::kText,
       "this text follows the output"},
      {WireAct::kStderr, "stderr", kCommandSides, A::kText, "this text goes to stderr"},
      {WireAct::kExit, "exit", kCommandSides, A::kNumber, "the exit code"},
      {WireAct::kSleep, "sleep", kCommandSides, A::kNumber,
       "so many milliseconds pass before the output"},
      {WireAct::kSkip, "skip", kCommandSides, A::kNone, "the shim's program is not run"},
      {WireAct::kTwice, "twice", kCommandSides, A::kNone, "the shim's program is run twice"},
      {WireAct::kHoldOutput, "hold-output", kS, A::kNone,
       "the proxy keeps the output open as long as it lives"},
      {WireAct::kRemoveFile, "remove-file", kS | kD, A::kPath,
       "a file of the working directory is gone afterwards"},
      {WireAct::kWriteFile, "write-file", kS | kD, A::kPathText,
       "a file of the working directory holds this text afterwards"},
      {WireAct::kEnv, "env", kCommandSides, A::kVariable,
       "the shim's program sees this environment variable"},
      {WireAct::kThen, "then", kCommandSides, A::kText,
       "a shell runs this afterwards, in the working directory; if it fails, so does the command"},
      {WireAct::kDie, "die", kCommandSides, A::kNumber, "the command ends of this signal"},
      {WireAct::kKeepParent, "keep-parent", kS, A::kNone,
       "a process of ours stays the daemon's parent as long as it lives"},
      {WireAct::kNoInput, "no-input", kCommandSides, A::kNone,
       "the shim's program finds nothing on its stdin"},
  };
  return acts;
}

const WireActInfo& InfoOf(WireAct act) {
  // A row per enumerator; a test sees to it.
  return *std::find_if(WireActs().begin(), WireActs().end(),
                       [act](const WireActInfo& info) { return info.act == act; });
}

}  // namespace fakes
