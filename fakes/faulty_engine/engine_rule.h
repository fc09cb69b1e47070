// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "fakes/spec_edit/spec_edit.h"

namespace fakes {

// One line of what is wrong with an engine: a verb and what becomes of it (README.md).
struct EngineRule {
  enum class Kind {
    kJson,        // `edit` of the document the verb is given, or prints
    kDropOption,  // `name`
    kSetOption,   // `name`, `value`
    kSignal,      // of `kill`: `name` ("*": any) becomes `value`
    kSkip,        // succeeds without doing anything
    kFail,        // without doing anything exits with `number` and reports `value`
    kTwice,       // done twice; the second time counts
    kExit,        // done; exits with `number`
    kPidFile,     // done; the pid file then holds `value`, empty: is removed
    kFirst,       // runs `value` in a shell before it
    kThen,        // the same after it
    kSwap,        // descriptors `number` and `other` are exchanged
    kNull,        // descriptor `number` is /dev/null
    kSocket,      // descriptor `number` is one end of a pair of sockets
    kOpen,        // descriptor `number` is open, to /dev/null, in the engine as well
    kHooks,       // of `create`: `hooks` of config.json
  };
  std::string verb;
  Kind kind = Kind::kSkip;
  JsonEdit edit;
  SpecEdit hooks;
  std::string name;
  std::string value;
  int number = 0;
  int other = 0;
};

// INVALID_ARGUMENT quotes the line, and says which word was expected to be what.
absl::StatusOr<EngineRule> ParseEngineRule(absl::string_view line);

}  // namespace fakes
