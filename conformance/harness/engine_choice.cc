// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/engine_choice.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/host.h"

namespace conformance {
namespace {

namespace fs = std::filesystem;

// Beside the executable, where the build puts it.
fs::path StandInPath() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path() / kFakeEngineName;
}

absl::StatusOr<EngineChoice> ChooseFile(EngineChoice::Kind kind, const fs::path& path,
                                        const Profile& profile) {
  std::error_code error;
  const fs::path resolved = fs::canonical(path, error);
  if (error || !fs::is_regular_file(resolved, error) || ::access(resolved.c_str(), X_OK) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--engine: ", path.string(), " is no program that can be executed"));
  }
  return EngineChoice{.kind = kind,
                      .path = resolved.string(),
                      .name = fs::path(profile.engine).filename().string()};
}

}  // namespace

const char* EngineKindName(EngineChoice::Kind kind) {
  switch (kind) {
    case EngineChoice::Kind::kNone:
      return "none";
    case EngineChoice::Kind::kReal:
      return "real";
    case EngineChoice::Kind::kFake:
      return "fake";
    case EngineChoice::Kind::kGiven:
      return "given";
  }
  return "none";
}

absl::StatusOr<EngineChoice> ChooseEngine(const std::string& option, const Profile& profile) {
  if (profile.engine.empty()) {
    if (option.empty()) return EngineChoice{};
    return absl::InvalidArgumentError(absl::StrCat("--engine ", option, ": the profile (",
                                                   profile.name,
                                                   ") says that the shim drives no engine"));
  }
  const fs::path stand_in = StandInPath();
  const bool built = ::access(stand_in.c_str(), X_OK) == 0;
  if (option == "fake") {
    if (built) return ChooseFile(EngineChoice::Kind::kFake, stand_in, profile);
    return absl::FailedPreconditionError(
        absl::StrCat("--engine fake: ", stand_in.string(), " is not built"));
  }
  const EngineChoice real{.kind = EngineChoice::Kind::kReal, .path = profile.engine};
  if (option == "real") return real;
  if (!option.empty()) {
    if (!absl::StrContains(option, '/')) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--engine ", option, ": the choices are real, fake and the path of a program"));
    }
    return ChooseFile(EngineChoice::Kind::kGiven, option, profile);
  }
  const bool by_default = built && profile.fake_ok && !absl::StrContains(profile.engine, '/');
  if (by_default) return ChooseFile(EngineChoice::Kind::kFake, stand_in, profile);
  return real;
}

absl::Status CheckInstalled(const EngineChoice& choice, const Profile& profile) {
  if (choice.path.empty() || IsInstalled(choice.path)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the engine ", choice.path, " is not installed: the profile (", profile.name,
      ") says that the shim drives it; install it, use --engine fake, or give a --profile with "
      "another [engine]"));
}

}  // namespace conformance
