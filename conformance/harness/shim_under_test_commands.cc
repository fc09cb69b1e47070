// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/shim_under_test_commands.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/hypervisor_need.h"
#include "conformance/harness/shim_under_test_daemons.h"
#include "conformance/harness/task_messages.h"
#include "conformance/harness/vm_fault_directory.h"
#include "containerd/bootstrap.h"
#include "fakes/containerd/limits.h"
#include "runc/options.pb.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using Lane = HistoryEntry::Lane;
using Outcome = fakes::CommandOutcome;

// After its deadline a command is killed; its exit and the end of its output take a moment more.
constexpr std::chrono::milliseconds kKillGrace{5000};
constexpr std::size_t kQuotedOutputBytes = 300;

std::string Quoted(const std::string& output) {
  return absl::StrCat("\"", absl::CHexEscape(output.substr(0, kQuotedOutputBytes)),
                      output.size() > kQuotedOutputBytes ? "..." : "", "\"");
}

CommandResult ToResult(Outcome outcome) {
  CommandResult result;
  result.timed_out = outcome.timed_out;
  result.exit = outcome.exit;
  result.standard_output = std::move(outcome.standard_output);
  result.standard_error = std::move(outcome.standard_error);
  result.took = outcome.took;
  return result;
}

DeleteResult ToDeleteResult(Outcome outcome) {
  DeleteResult result;
  result.command = ToResult(std::move(outcome));
  containerd::task::v3::DeleteResponse response;
  result.decodable = response.ParseFromString(result.command.standard_output) &&
                     response.GetReflection()->GetUnknownFields(response).empty();
  if (!result.decodable) return result;
  result.pid = response.pid();
  result.exit_status = response.exit_status();
  result.exited_at_ns = UnixNanoseconds(response.exited_at());
  return result;
}

constexpr char kUsualEngine[] = "runc";

}  // namespace

std::string RuncOptionsFor(const Profile& profile, const std::string& wanted) {
  if (profile.engine.empty() || profile.engine == kUsualEngine) return wanted;
  containerd::runc::v1::Options options;
  // What is no Options message is meant to be none.
  if (!options.ParseFromString(wanted) || !options.binary_name().empty()) return wanted;
  options.set_binary_name(profile.engine);
  return options.SerializeAsString();
}

Dialect ShimCommands::DialectOf(const StartOptions& options) const {
  return options.dialect.value_or(scope_.subject().default_dialect);
}

fakes::Daemon ShimCommands::Containerd(const StartOptions& options) const {
  const WorldInfo& world = scope_.world();
  fakes::Daemon daemon;
  daemon.shim = world.shim;
  daemon.grpc_address = world.containerd_path;
  daemon.ttrpc_address = options.ttrpc_address.empty() ? sink_address_ : options.ttrpc_address;
  // Shims must not depend on it (FLAG-05); a real one would be told of events there (EVT-08).
  daemon.publish_binary = absl::StrCat(world.root, "/containerd");
  daemon.env = scope_.profile().env;
  daemon.env.emplace("TMPDIR", world.temp);
  if (HasFakeHypervisor(scope_.profile())) daemon.env.emplace(kVmFaultsVariable, kVmFaults);
  return daemon;
}

fakes::ShimAction ShimCommands::Action(const Bundle& bundle, const StartOptions& options) const {
  const bool own_limit = options.deadline != StartOptions{}.deadline;
  fakes::ShimAction action;
  action.ns = options.ns.value_or(scope_.world().ns);
  action.id = options.id.empty() ? bundle.id : options.id;
  action.bundle = bundle.path;
  action.working_directory =
      options.working_directory.empty() ? bundle.path : options.working_directory;
  action.debug = options.debug;
  action.env = options.env;
  action.remove_env = options.remove_env;
  action.extra_flags = options.extra_flags;
  action.double_dash = options.double_dash;
  action.equals = options.equals;
  action.deadline = scope_.Scaled(own_limit ? options.deadline : scope_.profile().boot_limit);
  return action;
}

std::vector<absl::StatusOr<Outcome>> ShimCommands::RunJobs(std::vector<Job> jobs) {
  std::vector<absl::StatusOr<Outcome>> results(jobs.size(), absl::UnknownError("still running"));
  std::vector<std::unique_ptr<fakes::RunningCommand>> running(jobs.size());
  std::size_t left = 0;
  std::chrono::milliseconds longest{0};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    longest = std::max(longest, jobs[i].spec.deadline);
    auto command =
        fakes::RunCommand(scope_.loop(), scope_.reaper(), jobs[i].spec, [&, i](Outcome outcome) {
          scope_.history().Add(
              Lane::kProcess,
              absl::StrCat(jobs[i].title,
                           outcome.timed_out ? " killed at its deadline, " : " ended, ",
                           DescribeExit(outcome.exit), " after ", outcome.took.count(),
                           " us: ", Quoted(outcome.standard_output)));
          results[i] = std::move(outcome);
          --left;
        });
    if (!command.ok()) {
      results[i] = command.status();
      continue;
    }
    ++left;
    running[i] = *std::move(command);
    scope_.history().Add(Lane::kProcess,
                         absl::StrCat(jobs[i].title, " is process ", running[i]->pid()));
  }
  scope_.RunWithin(
      jobs.empty() ? "" : jobs.front().title, [&left] { return left == 0; },
      longest + fakes::kEofGrace + kKillGrace);
  return results;
}

ShimCommands::Job ShimCommands::StartJob(const Bundle& bundle, const StartOptions& options) {
  const Dialect dialect = DialectOf(options);
  const fakes::Daemon daemon = Containerd(options);
  const fakes::ShimAction action = Action(bundle, options);
  scope_.history().story().namespaces.insert(action.ns);
  const std::string input = options.raw_stdin.value_or(fakes::StartInputBytes(
      dialect == Dialect::kLegacy ? fakes::StartDialect::kLegacy : fakes::StartDialect::kParams,
      daemon, action, RuncOptionsFor(scope_.profile(), options.runc_options), options.socket_dir));
  return {absl::StrCat("start ", action.id, " (", DialectName(dialect), ")"),
          fakes::StartCommand(daemon, action, input)};
}

StartResult ShimCommands::ToStartResult(Outcome outcome, Dialect dialect) {
  StartResult result;
  result.dialect = dialect;
  result.eof_seen = outcome.eof_seen;
  result.command = ToResult(std::move(outcome));
  if (boot_us_ == 0) boot_us_ = result.command.took.count();
  const auto parsed = containerd::ParseStartResult(result.command.standard_output);
  result.parse_status = parsed.status();
  if (!parsed.ok()) return result;
  result.version = parsed->version;
  result.address = parsed->address;
  result.protocol = parsed->protocol == containerd::Protocol::kTtrpc ? "ttrpc" : "grpc";
  return result;
}

absl::StatusOr<StartResult> ShimCommands::TryStart(const Bundle& bundle,
                                                   const StartOptions& options) {
  ASSIGN_OR_RETURN(Outcome outcome, RunJobs({StartJob(bundle, options)}).front());
  return ToStartResult(std::move(outcome), DialectOf(options));
}

StartResult ShimCommands::Start(const Bundle& bundle, const StartOptions& options) {
  return StartTogether({bundle}, options).front();
}

std::vector<StartResult> ShimCommands::StartTogether(const std::vector<Bundle>& bundles,
                                                     const StartOptions& options) {
  std::vector<Job> jobs;
  jobs.reserve(bundles.size());
  for (const Bundle& bundle : bundles) jobs.push_back(StartJob(bundle, options));
  std::vector<StartResult> results;
  for (absl::StatusOr<Outcome>& outcome : RunJobs(std::move(jobs))) {
    if (!outcome.ok()) scope_.EndAsError(base::Annotate(outcome.status(), "start"));
    results.push_back(ToStartResult(*std::move(outcome), DialectOf(options)));
  }
  return results;
}

DeleteResult ShimCommands::Delete(const Bundle& bundle, const StartOptions& options) {
  return DeleteTogether({bundle}, options).front();
}

std::vector<DeleteResult> ShimCommands::DeleteTogether(const std::vector<Bundle>& bundles,
                                                       const StartOptions& options) {
  std::vector<Job> jobs;
  for (const Bundle& bundle : bundles) {
    const fakes::ShimAction action = Action(bundle, options);
    Story& story = scope_.history().story();
    for (const LiveTask& task : LiveTasks(story)) {
      if (task.id == action.id) story.outside_hands.insert(task.id);
    }
    jobs.push_back(
        {absl::StrCat("delete ", action.id), fakes::DeleteCommand(Containerd(options), action)});
  }
  std::vector<DeleteResult> results;
  for (absl::StatusOr<Outcome>& outcome : RunJobs(std::move(jobs))) {
    if (!outcome.ok()) scope_.EndAsError(base::Annotate(outcome.status(), "delete"));
    results.push_back(ToDeleteResult(*std::move(outcome)));
  }
  return results;
}

absl::StatusOr<CommandResult> ShimCommands::TryRun(const std::vector<std::string>& arguments,
                                                   const CommandOptions& options) {
  fakes::CommandSpec spec;
  spec.path = scope_.world().shim;
  spec.arguments = arguments;
  spec.env = options.env;
  spec.working_directory = options.working_directory;
  spec.standard_input = options.standard_input;
  spec.deadline = scope_.Scaled(options.deadline);
  const std::string title = arguments.empty() ? "shim without arguments" : arguments.back();
  ASSIGN_OR_RETURN(Outcome outcome, RunJobs({{title, std::move(spec)}}).front());
  return ToResult(std::move(outcome));
}

CommandResult ShimCommands::Run(const std::vector<std::string>& arguments,
                                const CommandOptions& options) {
  absl::StatusOr<CommandResult> result = TryRun(arguments, options);
  if (!result.ok()) scope_.EndAsError(base::Annotate(result.status(), "shim"));
  return *std::move(result);
}

}  // namespace conformance
