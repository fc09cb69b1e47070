// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/recording.h"

#include <absl/strings/str_cat.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/json_records.h"
#include "conformance/reports/output.h"

namespace conformance {
namespace {

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", error.message()));
}

absl::Status WriteFile(const std::string& path, absl::string_view text) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Output> file, Output::Open(path, Output::Mode::kWhole));
  file->Write(text);
  file->Finish();
  return file->status();
}

class Recording : public Report {
 public:
  Recording(std::string directory, Keep keep) : directory_(std::move(directory)), keep_(keep) {}

  void RunStarted(const RunInfo& run) override { run_ = &run; }

  void AttemptEnded(const PlannedCheck& check, int number, const Attempt& attempt) override {
    const bool green = attempt.verdict == Verdict::kPass || attempt.verdict == Verdict::kSkip ||
                       attempt.verdict == Verdict::kNotRun;
    if (green && keep_ == Keep::kFailed) return;
    const absl::Status status = Write(check, number, attempt);
    if (status_.ok()) status_ = status;
  }
  absl::Status status() const override { return status_; }

 private:
  absl::Status Write(const PlannedCheck& check, int number, const Attempt& attempt) const {
    const std::string path = absl::StrCat(directory_, "/", check.check->id, ".", number);
    RETURN_IF_ERROR(MakeDirectories(path));
    const CheckResult alone = Fold(0, check, {attempt});
    RETURN_IF_ERROR(WriteFile(path + "/evidence.txt",
                              EvidenceText(alone, *run_, std::numeric_limits<std::size_t>::max())));
    RETURN_IF_ERROR(WriteFile(path + "/shim.log", attempt.shim_log));
    return WriteFile(path + "/check.json", JsonText(CheckRecord(alone, *run_), 1) + "\n");
  }

  std::string directory_;
  Keep keep_;
  const RunInfo* run_ = nullptr;
  absl::Status status_;
};

}  // namespace

std::optional<Keep> ParseKeep(absl::string_view name) {
  if (name == "none") return Keep::kNone;
  if (name == "failed") return Keep::kFailed;
  if (name == "all") return Keep::kAll;
  return std::nullopt;
}

absl::StatusOr<std::unique_ptr<Report>> MakeRecording(const std::string& directory, Keep keep) {
  RETURN_IF_ERROR(MakeDirectories(directory));
  if (keep == Keep::kNone) return std::make_unique<Report>();
  return std::make_unique<Recording>(directory, keep);
}

}  // namespace conformance
