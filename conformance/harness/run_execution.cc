// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/run_execution.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/durations.h"
#include "conformance/harness/plan_file.h"
#include "conformance/harness/shard.h"
#include "conformance/reports/result_file.h"

namespace conformance {
namespace {

constexpr int kRetriesMax = 100;
constexpr char kFailedFirst[] = "failed-first";

absl::StatusOr<std::chrono::seconds> ParseSoak(const std::string& text) {
  const auto duration = ParseLongDuration(text);
  if (duration) return std::chrono::duration_cast<std::chrono::seconds>(*duration);
  return absl::InvalidArgumentError(
      absl::StrCat("--soak ", text, ": expected a time such as 90s, 10m or 8h, up to a week"));
}

absl::Status Contradiction(const char* one, const char* other) {
  return absl::InvalidArgumentError(absl::StrCat(one, " and ", other, " exclude each other"));
}

}  // namespace

absl::Status CheckExecution(const RunOptions& options) {
  if (options.retry_unexpected < 0 || options.retry_unexpected > kRetriesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("--retry-unexpected: between 0 and ", kRetriesMax));
  }
  if (!options.order.empty() && options.order != kFailedFirst) {
    return absl::InvalidArgumentError(
        absl::StrCat("--order ", options.order, ": the only choice is ", kFailedFirst));
  }
  if (options.order.empty() != options.since.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--order ", kFailedFirst, " and --since RESULT go together"));
  }
  if (!options.durations.empty() && options.shard.empty()) {
    return absl::InvalidArgumentError("--durations balances shards: give --shard as well");
  }
  if (!options.soak.empty()) RETURN_IF_ERROR(ParseSoak(options.soak).status());
  const bool open_ended = options.until_fail || !options.soak.empty();
  const char* const open_option = options.until_fail ? "--until-fail" : "--soak";
  if (open_ended && options.repeat != 1) return Contradiction(open_option, "--repeat");
  if (open_ended && options.retry_unexpected != 0) {
    return Contradiction(open_option, "--retry-unexpected");
  }
  if (open_ended && options.fail_fast != 0) return Contradiction(open_option, "--fail-fast");
  return absl::OkStatus();
}

absl::Status ApplyExecution(const RunOptions& options, RunnerConfig& config) {
  RunInfo& info = config.info;
  info.selection = DigestOf(info.plan);
  if (!options.shard.empty()) {
    ASSIGN_OR_RETURN(info.shard, ParseShard(options.shard));
    Durations durations;
    if (!options.durations.empty()) {
      ASSIGN_OR_RETURN(const ResultFile past, ResultFile::Read(options.durations));
      durations = past.Durations();
    }
    info.plan = TakeShard(info.plan, info.shard, durations);
    if (info.plan.empty()) {
      return absl::NotFoundError(absl::StrCat("shard ", options.shard, " holds none of the ",
                                              info.selection.checks, " selected checks"));
    }
  }
  if (!options.since.empty()) {
    ASSIGN_OR_RETURN(config.first, FailedIn(options.since));
  }
  if (!options.soak.empty()) {
    ASSIGN_OR_RETURN(config.soak, ParseSoak(options.soak));
  }
  config.until_fail = options.until_fail;
  config.retry_unexpected = options.retry_unexpected;
  config.strict = options.strict;
  return absl::OkStatus();
}

}  // namespace conformance
