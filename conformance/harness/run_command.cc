// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/run_command.h"

#include <absl/status/statusor.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <system_error>
#include <utility>

#include "base/child_reaper.h"
#include "base/status_macros.h"
#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/doctor.h"
#include "conformance/harness/facts.h"
#include "conformance/harness/fixture_modules.h"
#include "conformance/harness/host.h"
#include "conformance/harness/hypervisor_choice.h"
#include "conformance/harness/janitor.h"
#include "conformance/harness/plan.h"
#include "conformance/harness/run_execution.h"
#include "conformance/harness/runner.h"
#include "conformance/harness/shim_binary.h"
#include "conformance/harness/survey.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/progress.h"
#include "conformance/reports/recording.h"
#include "conformance/reports/reports.h"
#include "conformance/reports/text.h"
#include "containerd/identifiers.h"

namespace conformance {
namespace {

constexpr int kJobsMax = 256;
constexpr int kJobsPerCpu = 2;  // a check waits for others most of its time
constexpr int kRepeatMax = 100000;

std::uint64_t FreshSeed() {
  std::random_device device;
  return device();
}

absl::StatusOr<std::uint64_t> ParseSeed(const std::string& option, const std::string& text) {
  if (text.empty()) return FreshSeed();
  std::uint64_t seed = 0;
  if (!absl::SimpleHexAtoi(text, &seed)) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, " ", text, ": expected a hexadecimal number"));
  }
  return seed;
}

absl::Status CheckRanges(const RunOptions& options) {
  if (options.jobs < 0 || options.jobs > kJobsMax) {
    return absl::InvalidArgumentError(absl::StrCat("-j: between 1 and ", kJobsMax));
  }
  if (options.repeat < 1 || options.repeat > kRepeatMax) {
    return absl::InvalidArgumentError(absl::StrCat("--repeat: between 1 and ", kRepeatMax));
  }
  if (!(options.deadline_scale >= 0.01 && options.deadline_scale <= 1000)) {
    return absl::InvalidArgumentError("--deadline-scale: between 0.01 and 1000");
  }
  RETURN_IF_ERROR(CheckExecution(options));
  if (const absl::Status status = containerd::ValidateIdentifier(options.containerd_ns);
      !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--containerd-ns: ", status.message()));
  }
  return absl::OkStatus();
}

std::vector<std::string> AgainArguments(const RunOptions& options, const std::string& shim) {
  std::vector<std::string> again = {"run", "--shim", shim};
  const auto add = [&again](const char* option, const std::string& value) {
    again.insert(again.end(), {option, value});
  };
  if (!options.selection.profile.empty()) add("--profile", options.selection.profile);
  if (!options.selection.engine.empty()) add("--engine", options.selection.engine);
  if (options.selection.priv != SelectionOptions().priv) add("--priv", options.selection.priv);
  if (options.deadline_scale != 1.0) {
    add("--deadline-scale", absl::StrCat(options.deadline_scale));
  }
  if (options.containerd_ns != RunOptions().containerd_ns) {
    add("--containerd-ns", options.containerd_ns);
  }
  if (!options.fixtures.empty()) add("--fixtures", options.fixtures);
  return again;
}

// Versions cost a run of the program, so only expectations that ask for them get them.
absl::Status AskForVersions(const std::string& shim, const std::vector<Check>& checks,
                            LoadedSelection& selection) {
  const bool ask_shim = selection.expectations.Mentions("shim.version");
  const bool ask_engine = selection.expectations.Mentions("engine.version");
  if (ask_shim) selection.facts["shim.version"] = AskVersion(shim, "-v");
  if (ask_engine && !selection.profile.engine.empty()) {
    selection.facts["engine.version"] = AskVersion(selection.profile.engine, "--version");
  }
  return selection.expectations.Bind(checks, &selection.facts);
}

// Everything a run needs, made from the options before anything is started.
struct Prepared {
  LoadedSelection selection;  // the plan points into it
  RunnerConfig config;
};

absl::Status Prepare(const RunOptions& options, const std::vector<Check>& checks,
                     Prepared& prepared) {
  RETURN_IF_ERROR(PrepareWorlds(options, checks, prepared.selection, prepared.config));
  const LoadedSelection& selection = prepared.selection;
  RETURN_IF_ERROR(AskForVersions(prepared.config.world.shim, checks, prepared.selection));
  RunInfo& info = prepared.config.info;
  if (options.shuffle) {
    ASSIGN_OR_RETURN(prepared.config.shuffle, ParseSeed("--shuffle", options.shuffle_seed));
  }
  const std::string today = Today();
  info.plan = MakePlan(checks, selection.selectors,
                       {.profile = selection.profile,
                        .level = selection.level,
                        .host = info.host,
                        .expectations = &selection.expectations,
                        .today = today});
  if (info.plan.empty()) return absl::NotFoundError("every check is excluded, nothing is left");
  RETURN_IF_ERROR(ApplyExecution(options, prepared.config));
  prepared.config.stale_expectations = selection.expectations.Stale(today);
  prepared.config.fail_fast = options.fail_fast;
  return absl::OkStatus();
}

absl::StatusOr<OpenReports> MakeReports(const RunOptions& options, boost::asio::io_context& loop) {
  ASSIGN_OR_RETURN(OpenReports reports, OpenAllReports(options.reports, options.verbose));
  if (reports.console != nullptr) {
    reports.all.push_back(MakeProgressLine(loop, reports.console));
  }
  const std::optional<Keep> keep = ParseKeep(options.keep);
  if (!keep) {
    return absl::InvalidArgumentError(
        absl::StrCat("--keep ", options.keep, ": the choices are failed, all and none"));
  }
  if (!options.record.empty()) {
    ASSIGN_OR_RETURN(reports.all.emplace_back(), MakeRecording(options.record, *keep));
  }
  return reports;
}

// First signal: end the run in order. Second: at once, which leaves only cgroups to be cleaned.
void HandleSignals(boost::asio::signal_set& signals, Runner& runner, const std::string& run_dir,
                   bool again) {
  signals.async_wait(
      [&signals, &runner, run_dir, again](const boost::system::error_code& error, int /*signo*/) {
        if (error) return;
        if (again) {
          if (const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(run_dir); tree.ok()) {
            tree->Thaw();
            tree->Remove();
          }
          std::_Exit(kExitInterrupted);
        }
        runner.Interrupt();
        HandleSignals(signals, runner, run_dir, true);
      });
}

}  // namespace

absl::StatusOr<std::string> FindFixtures(const std::string& option) {
  std::error_code error;
  std::filesystem::path path = option;
  if (option.empty()) {
    const std::filesystem::path here =
        std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    path = here / "fixtures";
    // Where `cmake --install` puts them.
    const std::filesystem::path installed = here.parent_path() / "lib/shimgauge/fixtures";
    if (!std::filesystem::is_directory(path, error) &&
        std::filesystem::is_directory(installed, error)) {
      path = installed;
    }
  }
  const std::filesystem::path resolved = std::filesystem::canonical(path, error);
  if (!error && std::filesystem::is_directory(resolved, error)) return resolved.string();
  if (!option.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--fixtures: ", option, " is no directory that can be read"));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the fixture programs are missing: no directory ", path.string(), "; give --fixtures"));
}

absl::Status PrepareWorlds(const RunOptions& options, const std::vector<Check>& checks,
                           LoadedSelection& selection, RunnerConfig& config) {
  RETURN_IF_ERROR(CheckRanges(options));
  ASSIGN_OR_RETURN(selection, LoadSelection(options.selection, checks));
  const std::string& argument = options.shim.empty() ? selection.profile.shim_path : options.shim;
  if (argument.empty()) {
    return absl::InvalidArgumentError("no shim: give --shim PATH or a profile with [shim] path");
  }
  ASSIGN_OR_RETURN(const ShimBinary shim, FindShim(argument));
  RETURN_IF_ERROR(CheckInstalled(selection.engine, selection.profile));
  ASSIGN_OR_RETURN(selection.profile.hypervisor, FindHypervisor(selection.profile));

  RunInfo& info = config.info;
  info.suite_version = SHIMGAUGE_VERSION;
  info.shim_path = shim.path;
  info.shim_sha256 = shim.sha256;
  info.profile = selection.profile;
  info.engine_kind = EngineKindName(selection.engine.kind);
  info.host = selection.host;
  info.jobs = options.jobs == 0 ? std::min(kJobsPerCpu * info.host.cpus, kJobsMax) : options.jobs;
  if (selection.profile.max_parallel > 0) {
    info.jobs = std::min(info.jobs, selection.profile.max_parallel);
  }
  info.repeat = options.repeat;
  info.deadline_scale = options.deadline_scale;
  info.argv = options.argv;
  info.started_at = std::chrono::system_clock::now();
  info.again = AgainArguments(options, shim.path);
  if (options.keep != "none") info.record = options.record;
  info.doctor_notes = CountNotes(Examine(ReadMachineFacts(info.host, selection.engine),
                                         ClaimedChecks(checks, selection.profile)));
  ASSIGN_OR_RETURN(info.seed, ParseSeed("--seed", options.seed));
  if ((info.host.offers & ToHostNeeds(HostNeed::kCgroups)) != 0) {
    config.run_dir =
        absl::StrCat("/shimgauge-", absl::Hex(FreshSeed(), absl::kZeroPad8), "-", ::getpid());
  }
  WorldSpec& world = config.world;
  ASSIGN_OR_RETURN(world.fixtures, FindFixtures(options.fixtures));
  if (selection.profile.guest == Profile::Guest::kWasm && !HasModules(world.fixtures)) {
    return absl::FailedPreconditionError(
        absl::StrCat(selection.profile.name, ": [guest] kind is \"wasm\", but ", kNoModules,
                     ": no ", ModulePath(world.fixtures, "exit_code.wasm")));
  }
  world.shim = shim.path;
  world.ns = options.containerd_ns;
  world.engine = selection.engine.path;
  world.engine_name = selection.engine.name;
  world.keep = KeepSearchPath(selection.profile.engine);
  world.keep.insert(world.keep.end(), shim.keep.begin(), shim.keep.end());
  for (const std::string& file : {world.fixtures + "/x", selection.profile.hypervisor}) {
    for (const std::string& keep : KeepVisible(file)) world.keep.push_back(keep);
  }
  // Last: from here on the caller is root, of nothing but its own namespace.
  if (selection.privilege == Privilege::kRoot) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::uint32_t ids, EnterUserNamespace());
  SetIds(ids, info.host);
  return absl::OkStatus();
}

int RunCommand(const RunOptions& options, const std::vector<Check>& checks) {
  std::signal(SIGPIPE, SIG_IGN);
  Prepared prepared;
  if (const absl::Status status = Prepare(options, checks, prepared); !status.ok()) {
    return Complain(status);
  }
  boost::asio::io_context loop(1);
  const absl::StatusOr<Janitor> janitor = Janitor::Start(prepared.config.run_dir);
  if (!janitor.ok()) return Complain(absl::InternalError(janitor.status().message()));
  absl::StatusOr<std::unique_ptr<base::ChildReaper>> reaper = base::ChildReaper::Create(loop);
  if (!reaper.ok()) return Complain(absl::InternalError(reaper.status().message()));
  absl::StatusOr<OpenReports> reports = MakeReports(options, loop);
  if (!reports.ok()) return Complain(reports.status());
  std::vector<Report*> borrowed;
  for (const std::unique_ptr<Report>& report : reports->all) borrowed.push_back(report.get());

  int exit_code = kExitHarness;
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM, SIGHUP);
  const std::string run_dir = prepared.config.run_dir;
  Runner runner(loop, **reaper, std::move(prepared.config), std::move(borrowed),
                [&](const RunOutcome& outcome) {
                  exit_code = ExitCodeOf(outcome.summary);
                  if (!outcome.unfit.ok()) {
                    if (reports->console != nullptr) reports->console->SetStatus("");
                    exit_code = Complain(absl::FailedPreconditionError(
                        absl::StrCat("no check can run on this host: ", outcome.unfit.message())));
                  }
                  signals.cancel();
                  loop.stop();
                });
  HandleSignals(signals, runner, run_dir, false);
  runner.Start();
  loop.run();
  return ExitUnlessLost(*reports, exit_code);
}

}  // namespace conformance
