// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

// The language in which shimgauge-wire is told what is to go wrong; README.md describes it.
namespace fakes {

// What a rule watches.
enum class WireSide {
  kRequest,  // a call on its way to the shim
  kReply,    // its answer
  kEvent,    // an event on its way to containerd
  kStart,    // the commands of the shim's program
  kDelete,
  kInfo,
  kVersion,
};
absl::string_view WireSideName(WireSide side);  // "request", "reply", ...

// or-ed 1 << WireSide
using WireSides = unsigned;
constexpr WireSides Bit(WireSide side) { return 1U << static_cast<unsigned>(side); }
inline constexpr WireSides kMessageSides =
    Bit(WireSide::kRequest) | Bit(WireSide::kReply) | Bit(WireSide::kEvent);
inline constexpr WireSides kCommandSides =
    Bit(WireSide::kStart) | Bit(WireSide::kDelete) | Bit(WireSide::kInfo) | Bit(WireSide::kVersion);

enum class WireAct {
  kSet,
  kClear,
  kUnknownField,
  kDrop,
  kDuplicate,
  kFail,
  kEmpty,
  kCode,
  kText,
  kDelay,
  kHold,
  kSwap,
  kStream,
  kType,
  kFlags,
  kLength,
  kTruncate,
  kCorrupt,
  kGarbage,
  kGarbageEnvelope,
  kCut,
  kClose,
  kInsert,
  kNoDeadline,
  kSignal,
  kSpec,
  kAlso,
  kEmit,
  kPrint,
  kPrintBefore,
  kPrintAfter,
  kStderr,
  kExit,
  kSleep,
  kSkip,
  kTwice,
  kHoldOutput,
  kRemoveFile,
  kWriteFile,
  kEnv,
  kThen,
  kDie,
  kKeepParent,
  kNoInput,
};

// What follows the name of an act.
enum class WireArguments {
  kNone,
  kAssignments,      // FIELD=VALUE...
  kFields,           // FIELD...
  kCode,             // CODE [TEXT]
  kText,             // TEXT
  kNumber,           // N
  kShift,            // +N, -N or =N
  kMessage,          // SIDE NAME
  kNameAssignments,  // NAME [FIELD=VALUE...]
  kTypeStream,       // TYPE STREAM
  kPath,             // NAME
  kPathText,         // NAME TEXT
  kVariable,         // NAME=VALUE
};

struct WireActInfo {
  WireAct act;
  absl::string_view name;
  WireSides sides;
  WireArguments arguments;
  absl::string_view summary;  // for documentation
};
const std::vector<WireActInfo>& WireActs();
const WireActInfo& InfoOf(WireAct act);

struct WireCondition {
  enum class Op { kEqual, kNotEqual, kLess, kMore, kContains };
  std::string field;
  bool length = false;  // it is about the length of the field: #FIELD
  Op op = Op::kEqual;
  std::string value;
};

struct WireAssignment {
  enum class Op { kSet, kAdd, kSubtract };
  std::string field;
  Op op = Op::kSet;
  std::string value;
};

struct WireRule {
  WireSide side = WireSide::kReply;
  std::string name;  // method or topic; "*": any; empty for commands
  std::vector<WireCondition> where;
  // Only once such a message about the same container has passed; empty name: from the beginning.
  WireSide after_side = WireSide::kReply;
  std::string after;
  // Which of the occurrences that fit, counted from 1 in each process.
  std::uint32_t first = 1;
  std::uint32_t last = std::numeric_limits<std::uint32_t>::max();
  WireAct act = WireAct::kDrop;

  // The arguments of `act`.
  std::vector<WireAssignment> assignments;
  std::vector<std::string> fields;
  std::int64_t number = 0;  // a number, a shift, a code, a type
  bool absolute = false;    // of a shift: =N
  std::string text;
  std::string target;                       // name of a message, file or variable
  WireSide target_side = WireSide::kReply;  // of the message
};

// INVALID_ARGUMENT quotes the rule and says what was expected where.
absl::StatusOr<WireRule> ParseWireRule(absl::string_view text);

// A canonical status code by its name ("NOT_FOUND") or number; false if there is none.
bool ParseStatusCode(absl::string_view text, int& code);

}  // namespace fakes
