// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/record.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/sha256.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace benchmarks {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;
constexpr std::size_t kDigits = 8;  // of a digest in a key
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

struct TextMember {
  const char* key;
  std::string Record::*member;
};
constexpr TextMember kTexts[] = {
    {"time", &Record::time},       {"commit", &Record::commit},
    {"host", &Record::host},       {"configuration", &Record::configuration},
    {"shim", &Record::shim},       {"sha256", &Record::sha256},
    {"version", &Record::version},
};

absl::Status Wrong(absl::string_view key, absl::string_view expected, const Json& found) {
  return absl::InvalidArgumentError(
      absl::StrCat(key, ": expected ", expected, ", found ", found.type_name()));
}

absl::Status CheckKeys(const Json& json) {
  std::vector<absl::string_view> known = {"schema"};
  for (const TextMember& text : kTexts) known.emplace_back(text.key);
  known.emplace_back("figures");
  for (const auto& item : json.items()) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(item.key(), ": unknown key; known are ", absl::StrJoin(known, ", ")));
    }
  }
  for (const absl::string_view key : known) {
    if (!json.contains(std::string(key))) {
      return absl::InvalidArgumentError(absl::StrCat(key, ": is missing"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Estimate> ReadFigure(const std::string& metric, const Json& json) {
  const std::string key = absl::StrCat("figures.", metric);
  const char* const expected = "[median, low, high], three finite numbers in that order";
  if (!json.is_array() || json.size() != 3) return Wrong(key, expected, json);
  for (const Json& number : json) {
    if (!number.is_number()) return Wrong(key, expected, number);
  }
  const Estimate figure{json[0].get<double>(), json[1].get<double>(), json[2].get<double>()};
  if (!(figure.low <= figure.value && figure.value <= figure.high)) {
    return absl::InvalidArgumentError(
        absl::StrCat(key, ": expected low \u2264 median \u2264 high, found ", json.dump()));
  }
  return figure;
}

std::string Digest(absl::string_view text) { return base::Sha256Hex(text).substr(0, kDigits); }

absl::Status WriteAll(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::ErrnoStatus(errno, "write");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return absl::OkStatus();
}

// Whether another line may follow what the file holds.
absl::Status CheckEnd(int fd, const std::string& path, off_t size) {
  char last = '\n';
  if (size > 0 && ::pread(fd, &last, 1, size - 1) != 1) return base::ErrnoStatus(errno, path);
  if (last == '\n') return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": does not end with a newline: its last record is torn"));
}

}  // namespace

std::string HostKey(const HostFingerprint& host) {
  const std::string all =
      absl::StrJoin({host.cpu_model, absl::StrCat(host.cpus), host.kernel,
                     absl::StrCat((host.memory_bytes + kGiB / 2) / kGiB),
                     std::string(host.virtualised ? "v" : "p"), host.cgroup_version},
                    "\n");
  return absl::StrCat(host.cpus, "cpu-", host.kernel, "-", Digest(all));
}

std::string ConfigurationKey(const Configuration& configuration) {
  return absl::StrCat(configuration.engine, "; ", configuration.guest,
                      configuration.pinned ? "; pinned" : "");
}

std::vector<double> BlockValues(const Metric& metric, const std::vector<Block>& blocks) {
  const bool any_calm = std::any_of(blocks.begin(), blocks.end(),
                                    [](const Block& block) { return !block.disturbed; });
  std::vector<double> values;
  for (const Block& block : blocks) {
    if (block.disturbed && any_calm) continue;
    values.push_back(Quantile(block.samples, metric.quantile));
  }
  return values;
}

Estimate FigureOf(const Metric& metric, const std::vector<Block>& blocks, std::uint64_t seed) {
  return MedianEstimate(BlockValues(metric, blocks), seed);
}

Record MakeRecord(const BenchResult& result, const Side& side) {
  Record record{.host = HostKey(result.host),
                .configuration = ConfigurationKey(result.configuration),
                .shim = side.name,
                .sha256 = side.sha256,
                .version = side.version};
  for (const auto& [name, blocks] : side.blocks) {
    const Metric* const metric = FindMetric(name);
    if (metric == nullptr || blocks.empty()) continue;
    record.figures[name] = FigureOf(*metric, blocks, result.seed);
  }
  return record;
}

std::string RecordToJson(const Record& record) {
  Json json = {{"schema", kSchema}};
  for (const TextMember& text : kTexts) json[text.key] = record.*text.member;
  Json& figures = json["figures"] = Json::object();
  for (const auto& [metric, figure] : record.figures) {
    figures[metric] = {figure.value, figure.low, figure.high};
  }
  // A version that a shim prints may be no UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Record> RecordFromJson(absl::string_view line) {
  const Json json = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("is no JSON object");
  RETURN_IF_ERROR(CheckKeys(json));
  if (json["schema"] != kSchema) {
    return absl::InvalidArgumentError(
        absl::StrCat("schema: expected ", kSchema, ", found ", json["schema"].dump()));
  }
  Record record;
  for (const TextMember& text : kTexts) {
    const Json& member = json[text.key];
    if (!member.is_string()) return Wrong(text.key, "a string", member);
    record.*text.member = member.get<std::string>();
  }
  const Json& figures = json["figures"];
  if (!figures.is_object()) return Wrong("figures", "an object", figures);
  for (const auto& item : figures.items()) {
    ASSIGN_OR_RETURN(record.figures[item.key()], ReadFigure(item.key(), item.value()));
  }
  return record;
}

absl::StatusOr<std::vector<Record>> ReadHistory(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::ErrnoStatus(errno == 0 ? EIO : errno, path);
  std::vector<Record> records;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    absl::StatusOr<Record> record = RecordFromJson(line);
    if (!record.ok()) {
      return base::Annotate(record.status(), absl::StrCat(path, ": line ", number));
    }
    records.push_back(*std::move(record));
  }
  if (file.bad()) return base::ErrnoStatus(EIO, path);
  return records;
}

absl::Status AppendHistory(const std::string& path, const std::vector<Record>& records) {
  std::string text;
  for (const Record& record : records) text += RecordToJson(record);
  const base::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  struct stat info {};
  if (!file.ok() || ::fstat(file.get(), &info) != 0) return base::ErrnoStatus(errno, path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is no regular file"));
  }
  RETURN_IF_ERROR(CheckEnd(file.get(), path, info.st_size));
  const absl::Status written = WriteAll(file.get(), text);
  if (!written.ok() && ::ftruncate(file.get(), info.st_size) != 0) {
    return absl::DataLossError(absl::StrCat(path, ": its last record is torn"));
  }
  return base::Annotate(written, path);
}

}  // namespace benchmarks
