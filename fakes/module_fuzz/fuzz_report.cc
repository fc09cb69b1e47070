// SPDX-License-Identifier: Apache-2.0
#include "fakes/module_fuzz/fuzz_report.h"

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>

#include "fakes/module_fuzz/limits.h"

namespace fakes {
namespace {

constexpr std::size_t kQuotedBytesMax = 160;

std::string OneLine(absl::string_view message) {
  std::string line(message.substr(0, kQuotedBytesMax));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return line;
}

}  // namespace

void FuzzReport::Add(std::uint64_t number, const TaskEnd& end) {
  ++tasks_;
  if (end.create_took > create_max_) {
    create_max_ = end.create_took;
    slowest_ = number;
  }
  task_max_ = std::max(task_max_, end.took);
  if (!end.refused_by.empty()) {
    Refusals& refusals =
        refusals_[absl::StrCat(end.refused_by, " ", absl::StatusCodeToString(end.refusal.code()))];
    if (refusals.count++ == 0) refusals.first = OneLine(end.refusal.message());
  } else if (end.killed) {
    ++killed_;
  } else {
    ++ended_;
    ++statuses_[end.exit_status];
  }
}

absl::Status FuzzReport::AddSize(const ShimSize& size) {
  last_ = size;
  resident_max_ = std::max(resident_max_, size.resident_kib);
  if (size.descriptors > begin_.descriptors + kDescriptorsMore) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the shim has ", size.descriptors, " descriptors, at first it had ", begin_.descriptors));
  }
  // One with sanitizers begins large, and keeps up to 256 MiB of what it frees.
  const auto more =
      begin_.resident_kib > kResidentKibMore ? 8 * begin_.resident_kib : kResidentKibMore;
  if (size.resident_kib > begin_.resident_kib + more) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the shim takes ", size.resident_kib, " KiB, at first it took ", begin_.resident_kib));
  }
  return absl::OkStatus();
}

std::string FuzzReport::Text() const {
  std::uint64_t refused = 0;
  for (const auto& [what, refusals] : refusals_) refused += refusals.count;
  std::string text = absl::StrCat(tasks_, " modules: ", refused, " refused, ", ended_,
                                  " ran to an end, ", killed_, " were killed while they ran\n");
  for (const auto& [what, refusals] : refusals_) {
    absl::StrAppend(&text, "  ", what, ": ", refusals.count, ", the first: ", refusals.first, "\n");
  }
  for (const auto& [status, count] : statuses_) {
    absl::StrAppend(&text, "  exit status ", status, ": ", count, "\n");
  }
  absl::StrAppend(&text, "longest Create ", create_max_.count(), " ms (module ", slowest_,
                  "), longest life ", task_max_.count(), " ms\n");
  absl::StrAppend(&text, "the shim: ", begin_.resident_kib, " KiB at first, ", last_.resident_kib,
                  " KiB at last, ", resident_max_, " KiB at most; ", begin_.descriptors,
                  " descriptors at first, ", last_.descriptors, " at last\n");
  return text;
}

bool HasCrashed(const TaskEnd& end) {
  constexpr unsigned kBySignal = 128;
  for (const int signo : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS}) {
    if (end.exit_status == kBySignal + static_cast<unsigned>(signo)) return true;
  }
  return false;
}

}  // namespace fakes
