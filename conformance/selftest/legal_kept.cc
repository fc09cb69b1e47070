// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/legal_kept.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "base/sha256.h"
#include "conformance/selftest/proof_file.h"
#include "conformance/selftest/scratch.h"

namespace conformance {

std::string LegalKept::PathOf(const std::string& name) const {
  return absl::StrCat(directory_, "/", name, ".json");
}

LegalRecord LegalKept::Load(const LegalVariant& variant, const std::string& key) const {
  const std::string name(variant.name);
  if (!directory_.empty()) {
    absl::StatusOr<LegalRecord> kept = ParseLegalRecord(TextOf(PathOf(name)), PathOf(name));
    if (kept.ok() && kept->key == key && kept->ok() && kept->skipped.empty()) {
      return *std::move(kept);
    }
  }
  return {.name = name, .what = std::string(variant.what), .key = key};
}

absl::Status LegalKept::Save(const LegalRecord& record) const {
  if (directory_.empty()) return absl::OkStatus();
  return WriteTextTo(PathOf(record.name), FormatLegalRecord(record));
}

std::string LegalKeyOf(const LegalVariant& variant, const std::vector<std::string>& program_hashes,
                       const std::vector<std::string>& options) {
  const auto lines = [](const auto& words) { return absl::StrJoin(words, "\n"); };
  const std::string text =
      absl::StrCat("1\n", variant.name, "\n", variant.program, "\n", lines(variant.wire_rules),
                   "\n", variant.before, "\n", variant.after, "\n", lines(variant.launcher), "\n",
                   lines(variant.options), "\n", variant.directory, "\n", variant.profile, "\n",
                   variant.jobs, " ", variant.deadline_scale, " ", variant.hogs, " ",
                   variant.cpu_percent, "\n", variant.kernel_file, " ", variant.kernel_value, "\n",
                   lines(program_hashes), "\n", lines(options));
  return base::Sha256Hex(text).substr(0, 16);
}

void AddRepeats(const LegalRecord& more, LegalRecord& record) {
  record.passed = record.repeats == 0 ? more.passed : std::min(record.passed, more.passed);
  record.repeats += more.repeats;
  for (const std::string& one : more.unexpected) {
    if (std::find(record.unexpected.begin(), record.unexpected.end(), one) ==
        record.unexpected.end()) {
      record.unexpected.push_back(one);
    }
  }
  if (record.problem.empty()) record.problem = more.problem;
  record.ms += more.ms;
}

}  // namespace conformance
