// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/profile.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "conformance/harness/durations.h"
#include "conformance/harness/ready_made.h"
#include "conformance/harness/toml_reader.h"

namespace conformance {
namespace {

constexpr std::array<std::pair<Need, const char*>, 19> kNeedNames = {{
    {Need::kExec, "exec"},
    {Need::kPause, "pause"},
    {Need::kTerminal, "terminal"},
    {Need::kUpdate, "update"},
    {Need::kStats, "stats"},
    {Need::kGrouping, "grouping"},
    {Need::kFileUri, "file-uri"},
    {Need::kBinaryUri, "binary-uri"},
    {Need::kOciEngine, "oci-engine"},
    {Need::kNamespaces, "namespaces"},
    {Need::kOomEvents, "oom-events"},
    {Need::kRootfsMounts, "rootfs-mounts"},
    {Need::kInfo, "info"},
    {Need::kCheckpoint, "checkpoint"},
    {Need::kHooks, "hooks"},
    {Need::kWasm, "wasm"},
    {Need::kSandbox, "sandbox"},
    {Need::kNetwork, "network"},
    {Need::kFakeEngine, "fake-engine"},
}};

constexpr std::array<std::pair<Profile::Guest, const char*>, 3> kGuestNames = {{
    {Profile::Guest::kRootfs, "rootfs"},
    {Profile::Guest::kHost, "host"},
    {Profile::Guest::kWasm, "wasm"},
}};

// What the shims of runc's type do not offer.
constexpr Needs kUncommon = Need::kCheckpoint | Need::kWasm | Need::kSandbox | Need::kNetwork;

constexpr std::int64_t kParallelMax = 256;

bool IsClaimable(Need need) { return need != Need::kFakeEngine; }

absl::Status ReadDuration(TomlReader& reader, const std::string& key,
                          std::chrono::milliseconds& out) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, reader.String(key));
  if (!text) return absl::OkStatus();
  const auto duration = ParseDuration(*text);
  if (!duration) {
    return reader.Error(
        key, absl::StrCat("expected a duration such as \"2s\" or \"500ms\", got \"", *text, "\""));
  }
  out = *duration;
  return absl::OkStatus();
}

// "SIGQUIT" and the like; 0 for what is none.
int SignalOf(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, "SIG")) return 0;
  for (int signo = 1; signo < SIGRTMIN; ++signo) {
    const char* const known = ::sigabbrev_np(signo);
    if (known != nullptr && name == known) return signo;
  }
  return 0;
}

absl::Status ReadDumpSignal(TomlReader& reader, Profile& profile) {
  ASSIGN_OR_RETURN(const std::optional<std::string> name, reader.String("dump_signal"));
  if (!name) return absl::OkStatus();
  profile.dump_signal = SignalOf(*name);
  if (profile.dump_signal != 0 && profile.dump_signal != SIGKILL &&
      profile.dump_signal != SIGSTOP) {
    return absl::OkStatus();
  }
  return reader.Error(
      "dump_signal",
      absl::StrCat("expected a signal that a program can catch, such as \"SIGUSR1\", "
                   "got \"",
                   *name, "\""));
}

absl::Status ReadShim(TomlReader& reader, Profile& profile) {
  ASSIGN_OR_RETURN(const std::optional<std::string> path, reader.String("path"));
  profile.shim_path = path.value_or("");
  RETURN_IF_ERROR(ReadDumpSignal(reader, profile));
  ASSIGN_OR_RETURN(profile.env, reader.Strings("env"));
  ASSIGN_OR_RETURN(profile.dialects, reader.StringList("bootstrap"));
  for (const std::string& dialect : profile.dialects) {
    if (dialect != "legacy" && dialect != "params") {
      return reader.Error("bootstrap", absl::StrCat("\"", dialect, "\" is none of legacy, params"));
    }
  }
  if (reader.Has("bootstrap") && profile.dialects.empty()) {
    return reader.Error("bootstrap", "a shim speaks at least one of legacy, params");
  }
  ASSIGN_OR_RETURN(profile.task_versions, reader.IntegerList("task"));
  for (const std::int64_t version : profile.task_versions) {
    if (version != 2 && version != 3) {
      return reader.Error("task", absl::StrCat("there is version 2 and 3, not ", version));
    }
  }
  return reader.NothingElse();
}

absl::Status ReadHypervisor(TomlReader& reader, Profile& profile) {
  ASSIGN_OR_RETURN(const std::optional<std::string> program, reader.String("hypervisor"));
  if (!program) return reader.Error("hypervisor", "missing; a program's name or absolute path");
  ASSIGN_OR_RETURN(const std::optional<std::string> config, reader.String("config"));
  if (!config) return reader.Error("config", "missing; the text of the shim's configuration");
  profile.hypervisor = *program;
  profile.vm_config = *config;
  return reader.NothingElse();
}

absl::Status ReadEngine(TomlReader& reader, Profile& profile) {
  constexpr char kWords[] = "\"oci\", \"vm\" or \"none\"";
  ASSIGN_OR_RETURN(const std::optional<std::string> kind, reader.String("kind"));
  if (!kind) return reader.Error("kind", absl::StrCat("missing; ", kWords));
  if (*kind == "vm") return ReadHypervisor(reader, profile);
  ASSIGN_OR_RETURN(const std::optional<std::string> binary, reader.String("binary"));
  ASSIGN_OR_RETURN(const std::optional<bool> fake_ok, reader.Bool("fake_ok"));
  profile.fake_ok = fake_ok.value_or(true);
  if (*kind == "oci") {
    profile.engine = binary.value_or("runc");
  } else if (*kind != "none") {
    return reader.Error("kind", absl::StrCat(kWords, ", not \"", *kind, "\""));
  } else if (binary) {
    return reader.Error("binary", "an engine of kind \"none\" has no binary");
  }
  return reader.NothingElse();
}

absl::Status ReadGuest(TomlReader& reader, Profile& profile) {
  ASSIGN_OR_RETURN(const std::optional<std::string> kind, reader.String("kind"));
  constexpr char kWords[] = "\"rootfs\", \"host\" or \"wasm\"";
  if (!kind) return reader.Error("kind", absl::StrCat("missing; ", kWords));
  const std::optional<Profile::Guest> guest = ParseGuest(*kind);
  if (!guest) return reader.Error("kind", absl::StrCat(kWords, ", not \"", *kind, "\""));
  profile.guest = *guest;
  if (*guest == Profile::Guest::kWasm) profile.claims |= ToNeeds(Need::kWasm);
  return reader.NothingElse();
}

absl::Status ReadClaims(TomlReader& reader, Profile& profile) {
  for (const auto& [need, name] : kNeedNames) {
    if (!IsClaimable(need)) continue;
    ASSIGN_OR_RETURN(const std::optional<bool> claimed, reader.Bool(name));
    if (claimed.value_or(false)) profile.claims |= ToNeeds(need);
  }
  RETURN_IF_ERROR(reader.NothingElse());
  if ((profile.claims & ToNeeds(Need::kOciEngine)) != 0 && profile.engine.empty()) {
    return reader.Error("oci-engine", "claimed, but [engine] names no engine of kind \"oci\"");
  }
  if ((profile.claims & ToNeeds(Need::kWasm)) != 0 && !HasOwnRoot(profile.guest)) {
    return reader.Error("wasm", "claimed, but guests of kind \"host\" have no rootfs for modules");
  }
  return absl::OkStatus();
}

absl::Status ReadLimits(TomlReader& reader, Profile& profile) {
  RETURN_IF_ERROR(ReadDuration(reader, "boot", profile.boot_limit));
  RETURN_IF_ERROR(ReadDuration(reader, "rpc", profile.rpc_limit));
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> parallel, reader.Integer("max_parallel"));
  if (parallel && (*parallel < 1 || *parallel > kParallelMax)) {
    return reader.Error("max_parallel", absl::StrCat("between 1 and ", kParallelMax));
  }
  profile.max_parallel = static_cast<int>(parallel.value_or(0));
  return reader.NothingElse();
}

absl::Status ReadLog(TomlReader& reader, Profile& profile) {
  ASSIGN_OR_RETURN(profile.fatal_log, reader.StringList("fatal"));
  for (const std::string& text : profile.fatal_log) {
    if (text.empty()) return reader.Error("fatal", "every log contains \"\"");
  }
  return reader.NothingElse();
}

}  // namespace

bool HasFakeEngine(const Profile& profile) {
  return absl::string_view(profile.engine).substr(profile.engine.rfind('/') + 1) == kFakeEngineName;
}

Profile DefaultProfile() {
  Profile profile;
  profile.engine = "runc";
  for (const auto& [need, name] : kNeedNames) {
    if ((ToNeeds(need) & kUncommon) == 0 && IsClaimable(need)) profile.claims |= ToNeeds(need);
  }
  return profile;
}

absl::StatusOr<Profile> ParseProfile(absl::string_view toml, const std::string& file_name) {
  ASSIGN_OR_RETURN(TomlReader reader, TomlReader::Parse(toml, file_name));
  RETURN_IF_ERROR(CheckSchema(reader));
  Profile profile;
  profile.name = file_name;
  using ReadTable = absl::Status (*)(TomlReader&, Profile&);
  // In this order: claims are checked against the engine.
  const std::vector<std::pair<const char*, ReadTable>> tables = {
      {"shim", &ReadShim},     {"engine", &ReadEngine}, {"guest", &ReadGuest},
      {"claims", &ReadClaims}, {"limits", &ReadLimits}, {"log", &ReadLog}};
  for (const auto& [name, read] : tables) {
    ASSIGN_OR_RETURN(std::optional<TomlReader> table, reader.Table(name));
    if (table) RETURN_IF_ERROR(read(*table, profile));
  }
  RETURN_IF_ERROR(reader.NothingElse());
  return profile;
}

absl::StatusOr<Profile> ReadProfile(const std::string& path) {
  ASSIGN_OR_RETURN(const NamedText file, ReadNamed(ReadyMade::kProfile, path));
  return ParseProfile(file.text, file.name);
}

absl::string_view GuestName(Profile::Guest guest) {
  for (const auto& [candidate, name] : kGuestNames) {
    if (candidate == guest) return name;
  }
  return "unknown";
}

std::optional<Profile::Guest> ParseGuest(absl::string_view name) {
  for (const auto& [guest, candidate] : kGuestNames) {
    if (candidate == name) return guest;
  }
  return std::nullopt;
}

absl::string_view NeedName(Need need) {
  for (const auto& [candidate, name] : kNeedNames) {
    if (candidate == need) return name;
  }
  return "unknown";
}

std::string NeedNames(Needs needs) {
  std::vector<absl::string_view> names;
  for (const auto& [need, name] : kNeedNames) {
    if ((needs & ToNeeds(need)) != 0) names.push_back(name);
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace conformance
