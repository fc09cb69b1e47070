// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "conformance/harness/accounting.h"
#include "conformance/harness/check_run.h"
#include "conformance/harness/run_info.h"

// The machine-readable records of a run, schema 1, shared by the stream (jsonl) and its fold
// (json).

namespace conformance {

inline constexpr int kResultSchema = 1;

nlohmann::ordered_json RunRecord(const RunInfo& run);
nlohmann::ordered_json ProbeRecord(const SubjectInfo& subject, const std::string& engine);
nlohmann::ordered_json AttemptRecord(const Attempt& attempt);
nlohmann::ordered_json CheckRecord(const CheckResult& result, const RunInfo& run);
nlohmann::ordered_json SummaryRecord(const Summary& summary, std::chrono::microseconds took);

// One line or, with `indent` >= 0, a pretty text. Invalid UTF-8 is replaced.
std::string JsonText(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace conformance
