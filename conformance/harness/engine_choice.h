// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "conformance/harness/profile.h"

namespace conformance {

// Which OCI engine the shims of a run are handed (runtime option BinaryName).
struct EngineChoice {
  enum class Kind {
    kNone,  // the shim drives no engine
    kReal,  // the one the profile names, as installed here
    kFake,  // the stand-in that is built with the judge
    kGiven  // a program named on the command line
  };
  Kind kind = Kind::kNone;
  std::string path;  // absolute, or a name to be found in PATH; empty: none
  std::string name;  // file name the profile calls it by: worlds find `path` under it in PATH,
                     // for shims that are told no BinaryName; empty: no need, it is installed
};
const char* EngineKindName(EngineChoice::Kind kind);  // "none", "real", "fake", "given"

// What `--engine` asks for: "real", "fake", a path, or "" for the default: the stand-in, when it
// was built and the profile neither forbids it (fake_ok) nor names an engine by its path. Errors:
// INVALID_ARGUMENT for a program that cannot be executed or an engine for a shim that drives none,
// FAILED_PRECONDITION for a stand-in that is not built.
absl::StatusOr<EngineChoice> ChooseEngine(const std::string& option, const Profile& profile);

// FAILED_PRECONDITION when the chosen engine cannot be run on this machine.
absl::Status CheckInstalled(const EngineChoice& choice, const Profile& profile);

}  // namespace conformance
