// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/result_json.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/status_macros.h"

namespace benchmarks {
namespace {

using Json = nlohmann::ordered_json;

// One object being read: takes its keys out one by one, and at the end nothing may be left.
class Object {
 public:
  static absl::StatusOr<Object> Of(const Json& json, std::string path) {
    if (!json.is_object()) return Wrong(path.empty() ? "the text" : path, "an object", json);
    return Object(json, std::move(path));
  }

  static absl::Status Wrong(const std::string& path, absl::string_view expected,
                            const Json& found) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected ", expected, ", found ", found.type_name()));
  }

  [[nodiscard]] std::string PathOf(absl::string_view key) const {
    return path_.empty() ? std::string(key) : absl::StrCat(path_, ".", key);
  }

  absl::StatusOr<const Json*> Take(const char* key) {
    const auto found = json_.find(key);
    if (found == json_.end()) {
      return absl::InvalidArgumentError(absl::StrCat(PathOf(key), ": is missing"));
    }
    ++taken_;
    known_.emplace_back(key);
    return &*found;
  }

  absl::Status Read(const char* key, std::string& into) {
    ASSIGN_OR_RETURN(const Json* const json, Take(key));
    if (!json->is_string()) return Wrong(PathOf(key), "a string", *json);
    into = json->get<std::string>();
    return absl::OkStatus();
  }
  absl::Status Read(const char* key, bool& into) {
    ASSIGN_OR_RETURN(const Json* const json, Take(key));
    if (!json->is_boolean()) return Wrong(PathOf(key), "true or false", *json);
    into = json->get<bool>();
    return absl::OkStatus();
  }
  absl::Status Read(const char* key, int& into) {
    ASSIGN_OR_RETURN(const Json* const json, Take(key));
    if (!json->is_number_unsigned() || json->get<std::uint64_t>() > INT32_MAX) {
      return Wrong(PathOf(key), "a whole number from 0 to 2147483647", *json);
    }
    into = json->get<int>();
    return absl::OkStatus();
  }
  absl::Status Read(const char* key, std::uint64_t& into) {
    ASSIGN_OR_RETURN(const Json* const json, Take(key));
    if (!json->is_number_unsigned()) return Wrong(PathOf(key), "a whole number from 0", *json);
    into = json->get<std::uint64_t>();
    return absl::OkStatus();
  }
  absl::Status Read(const char* key, double& into) {
    ASSIGN_OR_RETURN(const Json* const json, Take(key));
    if (!json->is_number()) return Wrong(PathOf(key), "a number", *json);
    into = json->get<double>();
    return absl::OkStatus();
  }
  absl::Status Read(const char* key, std::vector<double>& into) {
    ASSIGN_OR_RETURN(const Json* const json, Take(key));
    if (!json->is_array()) return Wrong(PathOf(key), "an array of numbers", *json);
    into.clear();
    for (const Json& item : *json) {
      if (!item.is_number()) {
        return Wrong(absl::StrCat(PathOf(key), "[", into.size(), "]"), "a number", item);
      }
      into.push_back(item.get<double>());
    }
    return absl::OkStatus();
  }

  // No key may be there that was not taken.
  [[nodiscard]] absl::Status End() const {
    if (taken_ == json_.size()) return absl::OkStatus();
    for (const auto& item : json_.items()) {
      if (std::find(known_.begin(), known_.end(), item.key()) != known_.end()) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          PathOf(item.key()), ": unknown key; known are ", absl::StrJoin(known_, ", ")));
    }
    return absl::OkStatus();
  }

 private:
  Object(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  const Json& json_;
  std::string path_;
  std::size_t taken_ = 0;
  std::vector<std::string> known_;
};

absl::StatusOr<HostFingerprint> ReadHost(const Json& json) {
  ASSIGN_OR_RETURN(Object object, Object::Of(json, "host"));
  HostFingerprint host;
  RETURN_IF_ERROR(object.Read("cpu_model", host.cpu_model));
  RETURN_IF_ERROR(object.Read("cpus", host.cpus));
  RETURN_IF_ERROR(object.Read("kernel", host.kernel));
  RETURN_IF_ERROR(object.Read("memory_bytes", host.memory_bytes));
  RETURN_IF_ERROR(object.Read("virtualised", host.virtualised));
  RETURN_IF_ERROR(object.Read("cgroup_version", host.cgroup_version));
  RETURN_IF_ERROR(object.End());
  return host;
}

absl::StatusOr<Configuration> ReadConfiguration(const Json& json) {
  ASSIGN_OR_RETURN(Object object, Object::Of(json, "configuration"));
  Configuration configuration;
  RETURN_IF_ERROR(object.Read("engine", configuration.engine));
  RETURN_IF_ERROR(object.Read("guest", configuration.guest));
  RETURN_IF_ERROR(object.Read("rounds", configuration.rounds));
  RETURN_IF_ERROR(object.Read("pinned", configuration.pinned));
  RETURN_IF_ERROR(object.End());
  return configuration;
}

absl::Status CheckMetric(const std::string& path, const std::string& name) {
  if (FindMetric(name) != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ".", name, ": no such metric; `shimgauge bench run --help` lists them"));
}

absl::StatusOr<std::vector<Block>> ReadBlocks(const Json& json, const std::string& path) {
  if (!json.is_array()) return Object::Wrong(path, "an array of blocks", json);
  std::vector<Block> blocks;
  for (const Json& item : json) {
    const std::string here = absl::StrCat(path, "[", blocks.size(), "]");
    ASSIGN_OR_RETURN(Object object, Object::Of(item, here));
    Block block;
    RETURN_IF_ERROR(object.Read("samples", block.samples));
    RETURN_IF_ERROR(object.Read("disturbed", block.disturbed));
    RETURN_IF_ERROR(object.End());
    if (block.samples.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(here, ".samples: expected at least one"));
    }
    blocks.push_back(std::move(block));
  }
  return blocks;
}

absl::StatusOr<Series> ReadSeries(const Json& json, const std::string& path) {
  ASSIGN_OR_RETURN(Object object, Object::Of(json, path));
  Series series;
  RETURN_IF_ERROR(object.Read("x", series.x));
  RETURN_IF_ERROR(object.Read("y", series.y));
  RETURN_IF_ERROR(object.End());
  if (series.x.size() != series.y.size()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ".y: expected ", series.x.size(),
                                                   " numbers, as many as in x, found ",
                                                   series.y.size()));
  }
  return series;
}

// One of a side's maps by metric.
template <typename T, typename ReadOne>
absl::Status ReadByMetric(Object& side, const char* key, std::map<std::string, T>& into,
                          ReadOne read_one) {
  ASSIGN_OR_RETURN(const Json* const json, side.Take(key));
  const std::string path = side.PathOf(key);
  if (!json->is_object()) return Object::Wrong(path, "an object", *json);
  for (const auto& item : json->items()) {
    RETURN_IF_ERROR(CheckMetric(path, item.key()));
    ASSIGN_OR_RETURN(into[item.key()], read_one(item.value(), absl::StrCat(path, ".", item.key())));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadText(const Json& json, const std::string& path) {
  if (!json.is_string()) return Object::Wrong(path, "a string", json);
  return json.get<std::string>();
}

absl::StatusOr<Side> ReadSide(const Json& json, const std::string& path) {
  ASSIGN_OR_RETURN(Object object, Object::Of(json, path));
  Side side;
  RETURN_IF_ERROR(object.Read("name", side.name));
  RETURN_IF_ERROR(object.Read("path", side.path));
  RETURN_IF_ERROR(object.Read("sha256", side.sha256));
  RETURN_IF_ERROR(object.Read("version", side.version));
  RETURN_IF_ERROR(ReadByMetric(object, "blocks", side.blocks, ReadBlocks));
  RETURN_IF_ERROR(ReadByMetric(object, "series", side.series, ReadSeries));
  RETURN_IF_ERROR(ReadByMetric(object, "gaps", side.gaps, ReadText));
  RETURN_IF_ERROR(object.End());
  return side;
}

absl::StatusOr<BenchResult> ReadResult(const Json& json) {
  ASSIGN_OR_RETURN(Object object, Object::Of(json, ""));
  BenchResult result;
  RETURN_IF_ERROR(object.Read("schema", result.schema));
  if (result.schema != 1) {
    return absl::InvalidArgumentError(absl::StrCat("schema: expected 1, found ", result.schema,
                                                   ", which this program is too ",
                                                   result.schema > 1 ? "old" : "new", " for"));
  }
  RETURN_IF_ERROR(object.Read("complete", result.complete));
  ASSIGN_OR_RETURN(const Json* const host, object.Take("host"));
  ASSIGN_OR_RETURN(result.host, ReadHost(*host));
  ASSIGN_OR_RETURN(const Json* const configuration, object.Take("configuration"));
  ASSIGN_OR_RETURN(result.configuration, ReadConfiguration(*configuration));
  RETURN_IF_ERROR(object.Read("driver_call_ms", result.driver_call_ms));
  RETURN_IF_ERROR(object.Read("seed", result.seed));
  ASSIGN_OR_RETURN(const Json* const sides, object.Take("sides"));
  if (!sides->is_array()) return Object::Wrong("sides", "an array", *sides);
  for (const Json& item : *sides) {
    ASSIGN_OR_RETURN(Side side, ReadSide(item, absl::StrCat("sides[", result.sides.size(), "]")));
    result.sides.push_back(std::move(side));
  }
  RETURN_IF_ERROR(object.End());
  return result;
}

Json SideToJson(const Side& side) {
  Json blocks = Json::object();
  for (const auto& [metric, list] : side.blocks) {
    Json array = Json::array();
    for (const Block& block : list) {
      array.push_back({{"samples", block.samples}, {"disturbed", block.disturbed}});
    }
    blocks[metric] = std::move(array);
  }
  Json series = Json::object();
  for (const auto& [metric, values] : side.series) {
    series[metric] = {{"x", values.x}, {"y", values.y}};
  }
  Json gaps = Json::object();
  for (const auto& [metric, why] : side.gaps) gaps[metric] = why;
  return {
      {"name", side.name}, {"path", side.path}, {"sha256", side.sha256}, {"version", side.version},
      {"blocks", blocks},  {"series", series},  {"gaps", gaps}};
}

}  // namespace

std::string ResultToJson(const BenchResult& result) {
  Json sides = Json::array();
  for (const Side& side : result.sides) sides.push_back(SideToJson(side));
  const HostFingerprint& host = result.host;
  const Configuration& configuration = result.configuration;
  const Json json = {{"schema", result.schema},
                     {"complete", result.complete},
                     {"host",
                      {{"cpu_model", host.cpu_model},
                       {"cpus", host.cpus},
                       {"kernel", host.kernel},
                       {"memory_bytes", host.memory_bytes},
                       {"virtualised", host.virtualised},
                       {"cgroup_version", host.cgroup_version}}},
                     {"configuration",
                      {{"engine", configuration.engine},
                       {"guest", configuration.guest},
                       {"rounds", configuration.rounds},
                       {"pinned", configuration.pinned}}},
                     {"driver_call_ms", result.driver_call_ms},
                     {"seed", result.seed},
                     {"sides", std::move(sides)}};
  // Paths and versions of others may be no UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<BenchResult> ResultFromJson(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("is no JSON");
  return ReadResult(json);
}

absl::StatusOr<BenchResult> ReadResultFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::ErrnoStatus(errno, path);
  std::ostringstream text;
  text << file.rdbuf();
  absl::StatusOr<BenchResult> result = ResultFromJson(text.str());
  if (!result.ok()) return base::Annotate(result.status(), path);
  return result;
}

absl::Status WriteResultFile(const std::string& path, const BenchResult& result) {
  const std::string partial = absl::StrCat(path, ".partial-", ::getpid());
  errno = 0;
  std::ofstream file(partial, std::ios::binary | std::ios::trunc);
  file << ResultToJson(result);
  file.close();
  if (!file || std::rename(partial.c_str(), path.c_str()) != 0) {
    const absl::Status status = base::ErrnoStatus(errno == 0 ? EIO : errno, path);
    ::unlink(partial.c_str());
    return status;
  }
  return absl::OkStatus();
}

}  // namespace benchmarks
