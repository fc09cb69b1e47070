// SPDX-License-Identifier: Apache-2.0
#include <absl/status/statusor.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <exception>

#include "conformance/harness/check_context.h"
#include "conformance/harness/check_context_cleanup.h"
#include "conformance/harness/check_run.h"
#include "containerd/bootstrap.h"

namespace conformance {
namespace {

constexpr std::chrono::milliseconds kProbeCap{3000};
// For `start` of a program that has not even said its version in time.
constexpr std::chrono::milliseconds kProbeCapOfSilent{1000};
constexpr std::size_t kVersionTextBytesMax = 1000;
constexpr std::size_t kLogTailLines = 10;
constexpr int kBareAddress = 1;  // DialectProbe::version

// Silent programs are not waited for as long as one may take; but who raises a limit in the profile
// knows why.
std::chrono::milliseconds CapBeside(std::chrono::milliseconds limit,
                                    std::chrono::milliseconds default_limit) {
  return limit > default_limit ? limit : kProbeCap;
}

class Probe {
 public:
  Probe(const WorkerServices& services, const WorldInfo& world, const Profile& profile)
      : scope_(services, world, info_, profile, {}),
        parts_(scope_),
        start_cap_(CapBeside(profile.boot_limit, Profile().boot_limit)),
        call_cap_(CapBeside(profile.rpc_limit, Profile().rpc_limit)) {}

  absl::StatusOr<SubjectInfo> Run();

 private:
  DialectProbe Try(Dialect dialect, int& task_version);
  // Sentence by sentence what `start` has to fulfil; empty when it does.
  static std::string Problem(const StartResult& result);
  void AskVersion();

  SubjectInfo info_;
  CheckScope scope_;
  CheckParts parts_;
  std::chrono::milliseconds start_cap_;
  std::chrono::milliseconds call_cap_;
};

void Probe::AskVersion() {
  CommandOptions options;
  options.deadline = kProbeCap;
  const absl::StatusOr<CommandResult> result = parts_.commands.TryRun({"-v"}, options);
  if (result.ok() && result->timed_out && start_cap_ == kProbeCap) start_cap_ = kProbeCapOfSilent;
  if (!result.ok() || !result->ExitedWith(0)) return;
  info_.version_text = std::string(
      absl::StripAsciiWhitespace(result->standard_output.substr(0, kVersionTextBytesMax)));
}

std::string Probe::Problem(const StartResult& result) {
  if (!result.usable()) return ::testing::PrintToString(result);
  if (result.protocol != "ttrpc") {
    return absl::StrCat("it speaks ", result.protocol, ", this judge only ttrpc");
  }
  return "";
}

DialectProbe Probe::Try(Dialect dialect, int& task_version) {
  DialectProbe probe;
  StartOptions options;
  options.dialect = dialect;
  options.deadline = start_cap_;
  const Bundle bundle = parts_.bundles.Make(Program("/probe"), {}, /*rootfs_is_mounted=*/true);
  const absl::StatusOr<StartResult> result = parts_.commands.TryStart(bundle, options);
  // No descriptors, no memory: the program could not even be tried, which is not its fault.
  if (absl::IsResourceExhausted(result.status())) scope_.EndAsError(result.status());
  if (!result.ok()) {
    probe.problem = absl::StrCat("start could not be executed: ", result.status().message());
    return probe;
  }
  probe.took_us = result->command.took.count();
  probe.problem = Problem(*result);
  if (!probe.problem.empty()) return probe;
  parts_.bundles.MarkOffered(bundle.path);
  parts_.daemons.NoteStart(result->address, bundle.id);
  const auto parsed = containerd::ParseStartResult(result->command.standard_output);
  const bool bare = parsed.ok() && parsed->dialect == containerd::Dialect::kText;
  probe.version = bare ? kBareAddress : result->version;
  probe.protocol = result->protocol;
  const auto shim = parts_.Connect(result->address, result->version);
  CallOptions within;
  within.deadline = call_cap_;
  const absl::Status met = shim.ok() ? (*shim)->MeetDaemon(within) : shim.status();
  if (!met.ok()) {
    probe.problem = absl::StrCat("start printed ", result->address, ", but: ", met.ToString());
    return probe;
  }
  probe.usable = true;
  task_version = (*shim)->task_version();
  const auto other = parts_.Connect(result->address, task_version == 2 ? 3 : 2);
  info_.other_task_version = other.ok() && (*other)->Connect(bundle.id, within).ok();
  return probe;
}

absl::StatusOr<SubjectInfo> Probe::Run() {
  absl::Status trouble;
  try {
    if (const absl::Status status = parts_.sink.Start(); !status.ok()) scope_.EndAsError(status);
    AskVersion();
    int legacy_version = 2;
    int params_version = 2;
    info_.legacy = Try(Dialect::kLegacy, legacy_version);
    info_.params = Try(Dialect::kParams, params_version);
    if (info_.params.usable) info_.default_dialect = Dialect::kParams;
    info_.task_version = info_.params.usable ? params_version : legacy_version;
  } catch (const CheckEnded&) {
    const std::vector<Why>& errors = scope_.decisions().errors;
    if (!errors.empty()) trouble = absl::InternalError(errors.front().text);
    info_.params.problem = "the probe ended early";
    if (!info_.legacy.usable) info_.legacy.problem = info_.params.problem;
  }
  CleanUp(parts_, /*patient=*/false, /*hung=*/false).Run();
  if (!trouble.ok()) return trouble;
  if (!info_.usable()) info_.log_tail = scope_.history().LogTail(kLogTailLines);
  return info_;
}

}  // namespace

absl::StatusOr<SubjectInfo> ProbeShim(const WorkerServices& services, const WorldInfo& world,
                                      const Profile& profile) {
  return Probe(services, world, profile).Run();
}

}  // namespace conformance
