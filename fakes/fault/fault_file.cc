// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault_file.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "fakes/fault/text_file.h"
#include "oci/json_reader.h"

namespace fakes {
namespace {

absl::Status ReadFiring(absl::string_view line, FaultFiring& firing) {
  oci::JsonReader in(line);
  const absl::Status members = in.ReadObject([&](absl::string_view name) -> absl::Status {
    if (name == "rule") return in.ReadString(firing.rule);
    if (name == "fault") return in.ReadString(firing.fault);
    if (name == "verb") return in.ReadString(firing.verb);
    if (name == "container") return in.ReadString(firing.container);
    if (name == "point") return in.ReadString(firing.point);
    std::uint64_t number = 0;
    RETURN_IF_ERROR(in.ReadUnsigned(std::numeric_limits<int>::max(), number));
    if (name == "occurrence") firing.occurrence = static_cast<std::uint32_t>(number);
    if (name == "pid") firing.pid = static_cast<int>(number);
    return absl::OkStatus();
  });
  RETURN_IF_ERROR(members);
  return in.Finish();
}

}  // namespace

std::string FaultFile::rules_path() const { return absl::StrCat(directory_, "/", kFaultRulesFile); }

std::string FaultFile::journal_path() const {
  return absl::StrCat(directory_, "/", kFaultJournalFile);
}

absl::Status FaultFile::Write(const std::vector<FaultRule>& rules) const {
  ASSIGN_OR_RETURN(const std::string text, FormatFaultRules(rules, seam_));
  return ReplaceTextFile(rules_path(), text);
}

absl::StatusOr<std::string> FaultFile::Add(FaultRule rule) {
  if (added_ == 0) {
    for (const absl::string_view name : {kFaultJournalFile, kFaultCallsFile}) {
      const std::string path = absl::StrCat(directory_, "/", name);
      if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return base::ErrnoStatus(errno, absl::StrCat("remove ", path));
      }
    }
  }
  // Not the place in the list: after Clear() it would come again, with its count.
  if (rule.id.empty()) rule.id = absl::StrCat("rule-", added_ + 1);
  std::vector<FaultRule> rules = rules_;
  rules.push_back(rule);
  RETURN_IF_ERROR(Write(rules));
  rules_ = std::move(rules);
  ++added_;
  return rule.id;
}

absl::Status FaultFile::Clear() {
  if (rules_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(Write({}));
  rules_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FaultFiring>> FaultFile::Journal(const std::string& rule) const {
  std::vector<FaultFiring> firings;
  const absl::StatusOr<std::string> text = ReadTextFile(journal_path());
  if (absl::IsNotFound(text.status())) return firings;
  RETURN_IF_ERROR(text.status());
  // A last line without its end is still being written.
  const absl::string_view complete = absl::string_view(*text).substr(0, text->rfind('\n') + 1);
  for (const absl::string_view line : absl::StrSplit(complete, '\n', absl::SkipEmpty())) {
    FaultFiring firing;
    RETURN_IF_ERROR(base::Annotate(ReadFiring(line, firing), journal_path()));
    if (rule.empty() || firing.rule == rule) firings.push_back(std::move(firing));
  }
  return firings;
}

absl::StatusOr<bool> FaultFile::AwaitFiring(const std::string& rule, std::size_t times,
                                            int timeout_ms) const {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  const base::UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.ok()) return base::ErrnoStatus(errno, "inotify_init1");
  // The directory, since the journal may not be there yet; before the first look, so that nothing
  // falls between.
  if (::inotify_add_watch(watch.get(), directory_.c_str(), IN_CREATE | IN_MODIFY) < 0) {
    return base::ErrnoStatus(errno, absl::StrCat("watch ", directory_));
  }
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<FaultFiring> firings, Journal(rule));
    if (firings.size() >= times) return true;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    struct pollfd ready {
      .fd = watch.get(), .events = POLLIN, .revents = 0
    };
    if (::poll(&ready, 1, static_cast<int>(left)) < 0 && errno != EINTR) {
      return base::ErrnoStatus(errno, "poll");
    }
    char events[4096];
    while (::read(watch.get(), events, sizeof(events)) > 0) {
    }
  }
}

}  // namespace fakes
