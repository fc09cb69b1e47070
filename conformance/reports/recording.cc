// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/recording.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/json_fields.h"
#include "conformance/reports/json_records.h"
#include "conformance/reports/output.h"

namespace conformance {
namespace {

namespace fs = std::filesystem;

constexpr char kRunFile[] = "run.json";
constexpr char kProfileFile[] = "profile.toml";
constexpr char kCheckFile[] = "check.json";
constexpr char kStoryFile[] = "story.json";
constexpr std::size_t kNamedMax = 5;

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", error.message()));
}

absl::Status WriteFile(const std::string& path, absl::string_view text) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Output> file, Output::Open(path, Output::Mode::kWhole));
  file->Write(text);
  file->Finish();
  return file->status();
}

absl::StatusOr<nlohmann::ordered_json> ReadJson(const fs::path& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadKernelFile(path.string()));
  auto json = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ": no JSON"));
  }
  return json;
}

std::string StoryFile(const Attempt& attempt) {
  auto findings = nlohmann::ordered_json::array();
  for (const Why& why : attempt.findings) {
    findings.push_back({{"requirement", why.requirement},
                        {"code", why.code},
                        {"text", why.text},
                        {"expected", why.expected},
                        {"observed", why.observed}});
  }
  return JsonText({{"findings", std::move(findings)}, {"story", attempt.story}});
}

class Recording : public Report {
 public:
  Recording(std::string directory, Keep keep) : directory_(std::move(directory)), keep_(keep) {}

  void RunStarted(const RunInfo& run) override {
    run_ = run;
    run_.plan.clear();
    run_.record.clear();  // whoever reads the evidence is there already
    Note(WriteFile(absl::StrCat(directory_, "/", kRunFile), JsonText(RunRecord(run), 1) + "\n"));
    // A profile that was read from a file is called after it.
    if (const absl::StatusOr<std::string> profile = base::ReadKernelFile(run.profile.name);
        profile.ok()) {
      Note(WriteFile(absl::StrCat(directory_, "/", kProfileFile), *profile));
    }
  }

  void AttemptEnded(const PlannedCheck& check, const Attempt& attempt) override {
    const bool green = attempt.verdict == Verdict::kPass || attempt.verdict == Verdict::kSkip ||
                       attempt.verdict == Verdict::kNotRun;
    if (green && keep_ == Keep::kFailed) return;
    Note(Write(check, attempt));
  }
  absl::Status status() const override { return status_; }

 private:
  void Note(const absl::Status& status) {
    if (status_.ok()) status_ = status;
  }

  absl::Status Write(const PlannedCheck& check, const Attempt& attempt) const {
    const std::string path = RecordedPath(directory_, check.check->id, attempt.number);
    RETURN_IF_ERROR(MakeDirectories(path));
    const CheckResult alone = conformance::Fold(0, check, {attempt});
    RETURN_IF_ERROR(WriteFile(path + "/evidence.txt",
                              EvidenceText(alone, run_, std::numeric_limits<std::size_t>::max())));
    RETURN_IF_ERROR(WriteFile(path + "/shim.log", attempt.shim_log));
    if (!attempt.story.empty()) {
      RETURN_IF_ERROR(WriteFile(absl::StrCat(path, "/", kStoryFile), StoryFile(attempt) + "\n"));
    }
    return WriteFile(absl::StrCat(path, "/", kCheckFile),
                     JsonText(CheckRecord(alone, run_), 1) + "\n");
  }

  std::string directory_;
  Keep keep_;
  RunInfo run_;
  absl::Status status_;
};

// The executions of one check, "check.1", "check.2", by number.
std::map<int, fs::path> ExecutionsOf(const fs::path& check) {
  std::map<int, fs::path> found;
  std::error_code error;
  for (auto entry = fs::directory_iterator(check.parent_path(), error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    int number = 0;
    const std::string extension = entry->path().extension().string();
    if (entry->path().stem() == check.filename() && !extension.empty() &&
        absl::SimpleAtoi(extension.substr(1), &number) &&
        fs::exists(entry->path() / kCheckFile, error)) {
      found[number] = entry->path();
    }
  }
  return found;
}

// The nearest directory above `path` that holds run.json; empty if there is none.
fs::path RecordingAbove(const fs::path& path) {
  std::error_code error;
  for (fs::path at = fs::absolute(path, error).lexically_normal(); at != at.root_path();
       at = at.parent_path()) {
    if (fs::exists(at / kRunFile, error)) return at;
  }
  return {};
}

absl::Status NothingRecorded(const std::string& path) {
  const fs::path recording = RecordingAbove(path);
  if (recording.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": no recording; expected DIR/CHECK, where `run --record DIR` wrote"));
  }
  const absl::StatusOr<std::vector<std::string>> all = RecordedExecutions(recording.string());
  if (!all.ok()) return all.status();
  std::vector<std::string> some(
      all->begin(), all->begin() + static_cast<std::ptrdiff_t>(std::min(all->size(), kNamedMax)));
  if (all->size() > some.size()) some.push_back(absl::StrCat(all->size() - some.size(), " more"));
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": not recorded; ",
      some.empty() ? absl::StrCat(recording.string(), " holds no execution (see run --keep)")
                   : absl::StrCat("there are ", absl::StrJoin(some, ", "))));
}

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

std::string RecordedPath(absl::string_view directory, absl::string_view check_id, int number) {
  return absl::StrCat(directory, "/", check_id, ".", number);
}

absl::StatusOr<RecordedExecution> FindRecordedExecution(const std::string& path) {
  std::error_code error;
  const fs::path given = fs::path(path).lexically_normal();
  const fs::path named = given.has_filename() ? given : given.parent_path();
  RecordedExecution found;
  if (fs::exists(named / kCheckFile, error)) {
    found.directory = named.string();
  } else {
    const std::map<int, fs::path> executions = ExecutionsOf(named);
    if (executions.empty()) return NothingRecorded(path);
    found.directory = executions.begin()->second.string();
  }
  const fs::path recording = RecordingAbove(found.directory);
  if (recording.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(found.directory, ": no ", kRunFile, " above it: not all of a recording"));
  }
  const fs::path check_file = fs::path(found.directory) / kCheckFile;
  ASSIGN_OR_RETURN(const nlohmann::ordered_json check, ReadJson(check_file));
  JsonFields fields(check_file.string(), check);
  fields.Get("id", found.check);
  fields.Each("attempts", [&found](JsonFields& attempt) {
    attempt.Get("seed", found.seed);
    return absl::OkStatus();
  });
  RETURN_IF_ERROR(fields.status());
  ASSIGN_OR_RETURN(const nlohmann::ordered_json run, ReadJson(recording / kRunFile));
  JsonFields run_fields((recording / kRunFile).string(), run);
  run_fields.Get("again", found.again);
  RETURN_IF_ERROR(run_fields.status());
  if (fs::exists(recording / kProfileFile, error)) {
    found.profile = (recording / kProfileFile).string();
  }
  return found;
}

absl::StatusOr<RecordedStory> ReadRecordedStory(const std::string& execution) {
  std::error_code error;
  const fs::path path = fs::path(execution) / kStoryFile;
  RecordedStory recorded;
  if (!fs::exists(path, error)) return recorded;
  ASSIGN_OR_RETURN(const nlohmann::ordered_json json, ReadJson(path));
  JsonFields fields(path.string(), json);
  fields.Get("story", recorded.story);
  fields.Each("findings", [&recorded](JsonFields& finding) {
    Why& why = recorded.findings.emplace_back();
    finding.Get("requirement", why.requirement);
    finding.Get("code", why.code);
    finding.Get("text", why.text);
    finding.Get("expected", why.expected);
    finding.Get("observed", why.observed);
    return absl::OkStatus();
  });
  RETURN_IF_ERROR(fields.status());
  return recorded;
}

absl::StatusOr<std::vector<std::string>> RecordedExecutions(const std::string& directory) {
  std::error_code error;
  if (!fs::exists(fs::path(directory) / kRunFile, error)) {
    return absl::InvalidArgumentError(absl::StrCat(
        directory, ": no recording: ", kRunFile, " is missing; expected what --record was given"));
  }
  std::vector<std::string> executions;
  for (auto entry = fs::recursive_directory_iterator(directory, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->path().filename() == kCheckFile) {
      executions.push_back(entry->path().parent_path().string());
    }
  }
  std::sort(executions.begin(), executions.end());
  return executions;
}

}  // namespace conformance
