// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "conformance/harness/accounting.h"
#include "conformance/harness/check_run.h"
#include "conformance/harness/run_info.h"
#include "conformance/reports/finished_run.h"

// The machine-readable records of a run, shared by the stream (jsonl) and its fold (json). Every
// field is described in docs/results.md and docs/results.schema.json; a test compares.

namespace conformance {

inline constexpr int kResultSchema = 1;

nlohmann::ordered_json RunRecord(const RunInfo& run);
nlohmann::ordered_json ProbeRecord(const SubjectInfo& subject, const std::string& engine);
nlohmann::ordered_json AttemptRecord(const Attempt& attempt);
nlohmann::ordered_json CheckRecord(const CheckResult& result, const RunInfo& run);
nlohmann::ordered_json SummaryRecord(const Summary& summary, std::chrono::microseconds took);
// The whole results.json.
nlohmann::ordered_json ResultRecord(const FinishedRun& finished);

// One line or, with `indent` >= 0, a pretty text. Invalid UTF-8 is replaced.
std::string JsonText(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace conformance
