// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/checkpoint.h"

#include <absl/strings/str_cat.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "runc/options.pb.h"

namespace backends {
namespace {

using containerd::runc::v1::CheckpointOptions;

absl::StatusOr<CheckpointOptions> ParseOptions(const shim::Opaque& options) {
  CheckpointOptions message;
  if (options.empty()) return message;
  absl::string_view type = options.type_url;
  type.remove_prefix(type.rfind('/') + 1);
  if (type != message.GetTypeName()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unsupported checkpoint option type \"", options.type_url, "\""));
  }
  if (!message.ParseFromString(options.value)) {
    return absl::InvalidArgumentError(absl::StrCat("malformed ", message.GetTypeName()));
  }
  return message;
}

std::vector<std::string> Flags(const CheckpointOptions& options) {
  std::vector<std::string> flags;
  const std::pair<bool, const char*> switches[] = {
      {options.open_tcp(), "--tcp-established"}, {options.external_unix_sockets(), "--ext-unix-sk"},
      {options.terminal(), "--shell-job"},       {options.file_locks(), "--file-locks"},
      {!options.exit(), "--leave-running"},
  };
  for (const auto& [wanted, flag] : switches) {
    if (wanted) flags.emplace_back(flag);
  }
  for (const std::string& name : options.empty_namespaces()) {
    flags.insert(flags.end(), {"--empty-ns", name});
  }
  if (!options.cgroups_mode().empty()) {
    flags.insert(flags.end(), {"--manage-cgroups-mode", options.cgroups_mode()});
  }
  if (!options.parent_path().empty()) {
    flags.insert(flags.end(), {"--parent-path", options.parent_path()});
  }
  return flags;
}

// The bundle's private writable directory if it has one (HARN-01).
std::string OwnWorkPath(const std::string& bundle) {
  std::error_code error;
  const std::string work = absl::StrCat(bundle, "/work");
  return absl::StrCat(std::filesystem::is_directory(work, error) ? work : bundle, "/criu-work");
}

}  // namespace

absl::StatusOr<CheckpointPlan> PlanCheckpoint(const std::string& id, const std::string& bundle,
                                              const EngineOptions& engine_options,
                                              const shim::CheckpointSpec& spec) {
  ASSIGN_OR_RETURN(const CheckpointOptions options, ParseOptions(spec.options));
  CheckpointPlan plan;
  std::string image = spec.path;
  if (image.empty()) image = options.image_path();
  if (image.empty()) image = engine_options.criu_image_path;
  if (image.empty()) return absl::InvalidArgumentError("checkpoint: no image directory given");
  plan.work_path = options.work_path();
  if (plan.work_path.empty()) plan.work_path = engine_options.criu_work_path;
  plan.work_is_ours = plan.work_path.empty();
  if (plan.work_is_ours) plan.work_path = OwnWorkPath(bundle);
  plan.command = {.verb = "checkpoint",
                  .flags = {"--image-path", image, "--work-path", plan.work_path},
                  .arguments = {id}};
  const std::vector<std::string> flags = Flags(options);
  plan.command.flags.insert(plan.command.flags.end(), flags.begin(), flags.end());
  return plan;
}

absl::Status FinishCheckpoint(const CheckpointPlan& plan, const std::string& bundle,
                              const absl::Status& outcome) {
  std::error_code ignored;
  absl::Status status = outcome;
  if (!outcome.ok()) {
    const std::string log = absl::StrCat(bundle, "/criu-dump.log");
    std::filesystem::copy_file(plan.work_path + "/dump.log", log,
                               std::filesystem::copy_options::overwrite_existing, ignored);
    status = absl::Status(outcome.code(), absl::StrCat(outcome.message(), " path= ", log));
  }
  if (plan.work_is_ours) std::filesystem::remove_all(plan.work_path, ignored);
  return status;
}

EngineCommand RestoreCommand(const std::string& id, const std::string& bundle,
                             const EngineOptions& engine_options, const std::string& image) {
  EngineCommand command{.verb = "restore", .flags = {"--image-path", image}, .arguments = {id}};
  const auto append = [&command](std::vector<std::string> flags) {
    command.flags.insert(command.flags.end(), flags.begin(), flags.end());
  };
  if (!engine_options.criu_work_path.empty()) {
    append({"--work-path", engine_options.criu_work_path});
  }
  // --no-subreaper: the process shall become our child, not stay with the engine.
  append({"--detach", "--no-subreaper", "--bundle", bundle});
  if (engine_options.no_pivot_root) append({"--no-pivot"});
  return command;
}

}  // namespace backends
