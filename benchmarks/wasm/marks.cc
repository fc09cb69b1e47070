// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wasm/marks.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <cstdint>
#include <vector>

namespace benchmarks::wasm {
namespace {

constexpr absl::string_view kHead = "marks";

}  // namespace

std::string Marks::Line() const {
  std::string line(kHead);
  for (const Time time : times_) absl::StrAppend(&line, " ", time.time_since_epoch().count());
  return line + "\n";
}

std::optional<Marks> Marks::Find(absl::string_view text) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    if (words.front() != kHead || words.size() != kMarks + 1) continue;
    Marks marks;
    for (std::size_t i = 0; i < kMarks; ++i) {
      std::int64_t ticks = 0;
      if (!absl::SimpleAtoi(words[i + 1], &ticks)) return std::nullopt;
      marks.times_[i] = Time(Time::duration(ticks));
    }
    return marks;
  }
  return std::nullopt;
}

}  // namespace benchmarks::wasm
