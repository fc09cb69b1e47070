// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault_call.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "fakes/fault/fault_file.h"
#include "fakes/fault/text_file.h"
#include "oci/json_text.h"

namespace fakes {
namespace {

bool Fits(const FaultRule& rule, FaultSeam seam, absl::string_view verb,
          absl::string_view container) {
  if (!rule.container.empty() && rule.container != container) return false;
  if (!rule.verb.empty()) return rule.verb == verb;
  const absl::string_view verbs = FindFault(seam, rule.fault)->verbs;
  const std::vector<absl::string_view> names = absl::StrSplit(verbs, ' ', absl::SkipEmpty());
  return names.empty() || std::find(names.begin(), names.end(), verb) != names.end();
}

}  // namespace

absl::StatusOr<FaultCall> FaultCall::Begin(const std::vector<std::string>& directories,
                                           FaultSeam seam, absl::string_view verb,
                                           absl::string_view container) {
  FaultCall call;
  for (const std::string& directory : directories) {
    const std::string path = absl::StrCat(directory, "/", kFaultRulesFile);
    const absl::StatusOr<std::string> text = ReadTextFile(path);
    if (absl::IsNotFound(text.status())) continue;
    RETURN_IF_ERROR(text.status());
    ASSIGN_OR_RETURN(std::vector<FaultRule> rules, ParseFaultRules(*text, seam, path));
    rules.erase(
        std::remove_if(rules.begin(), rules.end(),
                       [&](const FaultRule& rule) { return !Fits(rule, seam, verb, container); }),
        rules.end());
    call.directory_ = directory;
    call.seam_ = seam;
    call.verb_ = std::string(verb);
    call.container_ = std::string(container);
    if (!rules.empty()) RETURN_IF_ERROR(call.Count(std::move(rules)));
    return call;
  }
  return call;
}

absl::Status FaultCall::Count(std::vector<FaultRule> rules) {
  const std::string path = absl::StrCat(directory_, "/", kFaultCallsFile);
  // One line per rule and call; the lock makes counting and adding one step for all processes.
  const base::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, absl::StrCat("lock ", path));
  }
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  std::string added;
  for (FaultRule& rule : rules) {
    const auto before = std::count(lines.begin(), lines.end(), absl::string_view(rule.id));
    const auto occurrence = static_cast<std::uint32_t>(before) + 1;
    absl::StrAppend(&added, rule.id, "\n");
    if (rule.occurrence != 0 && rule.occurrence != occurrence) continue;
    armed_.push_back({.rule = std::move(rule), .occurrence = occurrence});
  }
  if (::write(file.get(), added.data(), added.size()) != static_cast<ssize_t>(added.size())) {
    return base::ErrnoStatus(errno, absl::StrCat("write ", path));
  }
  return absl::OkStatus();
}

const FaultRule* FaultCall::Fires(Fault fault, FaultPoint point) {
  for (Armed& armed : armed_) {
    if (armed.fired || armed.rule.fault != fault) continue;
    const bool anywhere = (FindFault(seam_, fault)->parameters & kPoint) == 0;
    if (!anywhere && armed.rule.point != point) continue;
    armed.fired = true;
    WriteJournal(armed, point);
    return &armed.rule;
  }
  return nullptr;
}

void FaultCall::WriteJournal(const Armed& armed, FaultPoint point) const {
  const std::string line = absl::StrCat(
      "{\"rule\":", oci::JsonQuote(armed.rule.id),
      ",\"fault\":", oci::JsonQuote(FindFault(seam_, armed.rule.fault)->name),
      ",\"verb\":", oci::JsonQuote(verb_), ",\"container\":", oci::JsonQuote(container_),
      ",\"point\":", oci::JsonQuote(FaultPointName(point)), ",\"occurrence\":", armed.occurrence,
      ",\"pid\":", ::getpid(), "}\n");
  const std::string path = absl::StrCat(directory_, "/", kFaultJournalFile);
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  // A journal that cannot be written shows as a firing that is missing: the check then fails.
  if (file.ok()) (void)!::write(file.get(), line.data(), line.size());
}

}  // namespace fakes
