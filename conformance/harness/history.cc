// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/history.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "runtime/sandbox/v1/sandbox.pb.h"

namespace conformance {
namespace {

using Lane = HistoryEntry::Lane;

bool IsTaskService(absl::string_view service) {
  return absl::StartsWith(service, "containerd.task.") && absl::EndsWith(service, ".Task");
}

constexpr absl::string_view kSandboxService = "containerd.runtime.sandbox.v1.Sandbox";

// All requests of the service begin with the sandbox's id.
std::string SandboxOf(absl::string_view request) {
  containerd::runtime::sandbox::v1::PingRequest ping;
  ping.ParseFromArray(request.data(), static_cast<int>(request.size()));
  return ping.sandbox_id();
}

// What a reader of the time line wants to know of a reply.
std::string ReplyDetails(const CallFact& fact) {
  std::string text;
  if (fact.pid != 0) absl::StrAppend(&text, " pid=", fact.pid);
  if (fact.method == "State") {
    absl::StrAppend(&text, " status=", ::testing::PrintToString(fact.status));
  }
  const bool end = fact.method == "Wait" || fact.method == "Delete" ||
                   (fact.method == "State" && fact.status == TaskStatus::kStopped);
  if (end) absl::StrAppend(&text, " exit_status=", fact.exit_status);
  if (end && fact.exited_at_ns == 0) absl::StrAppend(&text, " exited_at=none");
  return text;
}

}  // namespace

std::int64_t History::OffsetOf(Clock::time_point time) const {
  return std::chrono::duration_cast<std::chrono::microseconds>(time - origin_).count();
}

void History::Add(Lane lane, std::string text) { AddAt(Offset(), lane, std::move(text)); }

void History::AddAt(std::int64_t offset_us, Lane lane, std::string text) {
  if (text.size() > kHistoryTextMax) {
    text.resize(kHistoryTextMax);
    text += "...";
  }
  const std::size_t log_bytes = lane == Lane::kLog ? text.size() : 0;
  if (entries_.size() >= kHistoryEntriesMax || bytes_ + text.size() > kHistoryBytesMax ||
      log_bytes_ + log_bytes > kHistoryLogBytesMax) {
    ++left_out_;
    return;
  }
  bytes_ += text.size();
  log_bytes_ += log_bytes;
  entries_.push_back({.offset_us = offset_us, .lane = lane, .text = std::move(text)});
}

void History::MarkContradiction() {
  if (marked_ || entries_.empty()) return;
  marked_ = true;
  entries_.back().contradiction = true;
}

std::size_t History::BeginCall(std::size_t connection, absl::string_view service,
                               absl::string_view method, absl::string_view request) {
  CallFact fact;
  ReadRequest(method, request, fact);
  fact.connection = connection;
  fact.sent_us = Offset();
  OpenCall call;
  if (IsTaskService(service)) {
    const bool named = !fact.process.container.empty();
    call.title = absl::StrCat(method, named ? " " : "", named ? ProcessName(fact.process) : "");
    call.fact = static_cast<std::ptrdiff_t>(story_.calls.size());
    story_.calls.push_back(fact);
  } else if (service == kSandboxService) {
    call.title = absl::StrCat(method, " ", SandboxOf(request));
  } else {
    call.title = absl::StrCat(service, "/", method);
  }
  AddAt(fact.sent_us, Lane::kRpc, absl::StrCat("→ ", call.title));
  calls_.push_back(std::move(call));
  return calls_.size() - 1;
}

void History::EndCall(std::size_t call, const absl::StatusOr<std::string>& result) {
  const OpenCall& open = calls_[call];
  std::string text = absl::StrCat("← ", open.title, " ");
  if (open.fact < 0) {
    absl::StrAppend(&text, result.ok() ? absl::StrCat("ok, ", result->size(), " bytes")
                                       : result.status().ToString());
    return Add(Lane::kRpc, std::move(text));
  }
  CallFact& fact = story_.calls[static_cast<std::size_t>(open.fact)];
  fact.replied_us = Offset();
  fact.code = result.status().code();
  if (result.ok()) ReadResponse(fact.method, *result, fact);
  absl::StrAppend(
      &text, result.ok() ? absl::StrCat("ok", ReplyDetails(fact)) : result.status().ToString());
  AddAt(fact.replied_us, Lane::kRpc, std::move(text));
}

void History::AddEvent(const Event& event, const absl::Status& acceptance) {
  const std::int64_t offset = OffsetOf(event.received);
  story_.events.push_back({event, offset, acceptance});
  std::string text = absl::StrCat("⇐ ", ::testing::PrintToString(event));
  if (!acceptance.ok()) absl::StrAppend(&text, " REFUSED: ", acceptance.message());
  AddAt(offset, Lane::kEvent, std::move(text));
}

void History::AddLogLine(const std::string& line) {
  Add(Lane::kLog, line);
  absl::StrAppend(&log_, line, "\n");
  if (log_.size() > 2 * kLogBytesKept) log_.erase(0, log_.size() - kLogBytesKept);
}

std::string History::LogTail(std::size_t count) const {
  std::size_t begin = log_.size();
  while (begin > 0 && count > 0) {
    const std::size_t newline = begin < 2 ? std::string::npos : log_.rfind('\n', begin - 2);
    begin = newline == std::string::npos ? 0 : newline + 1;
    --count;
  }
  return log_.substr(begin);
}

std::vector<HistoryEntry> History::TakeEntries() {
  if (left_out_ > 0) {
    const std::int64_t offset = entries_.back().offset_us;
    entries_.push_back({.offset_us = offset,
                        .lane = Lane::kWorld,
                        .text = absl::StrCat(left_out_, " further lines left out")});
  }
  std::stable_sort(
      entries_.begin(), entries_.end(),
      [](const HistoryEntry& a, const HistoryEntry& b) { return a.offset_us < b.offset_us; });
  return std::exchange(entries_, {});
}

}  // namespace conformance
