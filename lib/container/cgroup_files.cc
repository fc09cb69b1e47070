// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup_files.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "base/kernel_file.h"

namespace container {
namespace {

std::vector<absl::string_view> Lines(absl::string_view text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

std::vector<absl::string_view> Words(absl::string_view line) {
  return absl::StrSplit(line, ' ', absl::SkipEmpty());
}

// "8:0"
bool ParseDevice(absl::string_view word, std::uint64_t& major, std::uint64_t& minor) {
  const std::pair<absl::string_view, absl::string_view> numbers =
      absl::StrSplit(word, absl::MaxSplits(':', 1));
  return absl::SimpleAtoi(numbers.first, &major) && absl::SimpleAtoi(numbers.second, &minor);
}

// "name=value"
std::pair<absl::string_view, absl::string_view> Assignment(absl::string_view word) {
  return absl::StrSplit(word, absl::MaxSplits('=', 1));
}

CgroupV2Stats::Pressure ParsePressureLine(const std::vector<absl::string_view>& words) {
  CgroupV2Stats::Pressure pressure;
  for (const absl::string_view word : words) {
    const auto [name, value] = Assignment(word);
    if (name == "total") pressure.total_us = ParseCount(value);
    double average = 0;
    if (!absl::SimpleAtod(value, &average)) continue;
    if (name == "avg10") pressure.avg10 = average;
    if (name == "avg60") pressure.avg60 = average;
    if (name == "avg300") pressure.avg300 = average;
  }
  return pressure;
}

}  // namespace

std::uint64_t CountOf(const NamedCounts& counts, absl::string_view name) {
  for (const NamedCount& count : counts) {
    if (count.name == name) return count.value;
  }
  return 0;
}

std::uint64_t ParseCount(absl::string_view text, std::uint64_t otherwise) {
  text = absl::StripAsciiWhitespace(text);
  if (text == "max") return std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  return absl::SimpleAtoi(text, &value) ? value : otherwise;
}

NamedCounts ParseNamedCounts(absl::string_view text) {
  NamedCounts counts;
  for (const absl::string_view line : Lines(text)) {
    const std::vector<absl::string_view> words = Words(line);
    std::uint64_t value = 0;
    if (words.size() != 2 || !absl::SimpleAtoi(words[1], &value)) continue;
    counts.push_back({.name = std::string(words[0]), .value = value});
  }
  return counts;
}

std::vector<BlockIoEntry> ParseBlockIo(absl::string_view text) {
  std::vector<BlockIoEntry> entries;
  for (const absl::string_view line : Lines(text)) {
    const std::vector<absl::string_view> words = Words(line);
    if (words.size() != 2 && words.size() != 3) continue;
    BlockIoEntry entry;
    if (words.size() == 3) entry.op = std::string(words[1]);
    if (!ParseDevice(words.front(), entry.major, entry.minor) ||
        !absl::SimpleAtoi(words.back(), &entry.value)) {
      continue;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<RdmaStats> ParseRdma(absl::string_view text) {
  std::vector<RdmaStats> devices;
  for (const absl::string_view line : Lines(text)) {
    const std::vector<absl::string_view> words = Words(line);
    if (words.size() < 2) continue;
    RdmaStats device{.device = std::string(words[0]), .hca_handles = 0, .hca_objects = 0};
    for (const absl::string_view word : words) {
      const auto [name, value] = Assignment(word);
      const auto count = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(ParseCount(value), std::numeric_limits<std::uint32_t>::max()));
      if (name == "hca_handle") device.hca_handles = count;
      if (name == "hca_object") device.hca_objects = count;
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

std::vector<CgroupV2Stats::IoEntry> ParseIoStat(absl::string_view text) {
  std::vector<CgroupV2Stats::IoEntry> entries;
  for (const absl::string_view line : Lines(text)) {
    const std::vector<absl::string_view> words = Words(line);
    CgroupV2Stats::IoEntry entry;
    if (words.size() < 2 || !ParseDevice(words[0], entry.major, entry.minor)) continue;
    for (const absl::string_view word : words) {
      const auto [name, value] = Assignment(word);
      std::uint64_t count = 0;
      if (!absl::SimpleAtoi(value, &count)) continue;
      entry.counts.push_back({.name = std::string(name), .value = count});
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

CgroupV2Stats::PressurePair ParsePressure(absl::string_view text) {
  CgroupV2Stats::PressurePair pair;
  for (const absl::string_view line : Lines(text)) {
    const std::vector<absl::string_view> words = Words(line);
    if (words.empty()) continue;
    pair.known = true;
    if (words[0] == "some") pair.some = ParsePressureLine(words);
    if (words[0] == "full") pair.full = ParsePressureLine(words);
  }
  return pair;
}

std::string TextOf(const std::string& directory, absl::string_view name) {
  if (directory.empty()) return "";
  return base::ReadKernelFile(absl::StrCat(directory, "/", name)).value_or("");
}

std::vector<std::string> HugetlbPageSizes(const std::string& directory, absl::string_view suffix) {
  std::vector<std::string> sizes;
  if (directory.empty()) return sizes;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    absl::string_view size = name;
    if (absl::ConsumePrefix(&size, "hugetlb.") &&
        absl::ConsumeSuffix(&size, absl::StrCat(".", suffix)) && !absl::StrContains(size, '.')) {
      sizes.emplace_back(size);
    }
  }
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

}  // namespace container
