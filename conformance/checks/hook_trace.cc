// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/hook_trace.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

namespace conformance {
namespace {

using nlohmann::json;

// The value of `key` when it has the type of `fallback`, else that.
template <typename T>
T Get(const json& object, const char* key, T fallback) {
  const auto found = object.find(key);
  if (found == object.end()) return fallback;
  if (std::is_integral_v<T> ? !found->is_number_integer() : !found->is_string()) return fallback;
  return found->get<T>();
}

std::map<std::string, std::string> GetMap(const json& object, const char* key) {
  std::map<std::string, std::string> map;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_object()) return map;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) map[name] = value.get<std::string>();
  }
  return map;
}

std::vector<std::string> GetList(const json& object, const char* key) {
  std::vector<std::string> list;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return list;
  for (const json& value : *found) {
    if (value.is_string()) list.push_back(value.get<std::string>());
  }
  return list;
}

std::optional<HookState> ReadState(const std::string& text) {
  const json state = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object()) return std::nullopt;
  return HookState{.oci_version = Get<std::string>(state, "ociVersion", ""),
                   .id = Get<std::string>(state, "id", ""),
                   .status = Get<std::string>(state, "status", ""),
                   .pid = Get<std::int64_t>(state, "pid", 0),
                   .bundle = Get<std::string>(state, "bundle", ""),
                   .annotations = GetMap(state, "annotations")};
}

TraceLine ReadLine(const json& line) {
  TraceLine trace;
  trace.name = Get<std::string>(line, "name", "");
  trace.pid = static_cast<pid_t>(Get<std::int64_t>(line, "pid", 0));
  trace.cwd = Get<std::string>(line, "cwd", "");
  trace.argv = GetList(line, "argv");
  trace.env = GetList(line, "env");
  trace.namespaces = GetMap(line, "namespaces");
  trace.input = Get<std::string>(line, "stdin", "");
  trace.state = ReadState(trace.input);
  return trace;
}

}  // namespace

HookTrace::HookTrace(CheckContext& check, const std::string& name)
    : check_(check), path_(absl::StrCat(check.ScratchDirectory(), "/", name)) {}

Hook HookTrace::At(HookPoint point, const std::string& name) const {
  return ProgramHook(check_, point, "hook_trace", {path_, name});
}

std::vector<Hook> HookTrace::AtEach(const std::vector<HookPoint>& points) const {
  std::vector<Hook> hooks;
  for (const HookPoint point : points) hooks.push_back(At(point, InfoOf(point).key));
  return hooks;
}

std::vector<TraceLine> HookTrace::Lines() const {
  std::ifstream file(path_, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> rows = absl::StrSplit(text, '\n');
  rows.pop_back();  // behind the last newline; what stands there is being written
  std::vector<TraceLine> lines;
  for (const std::string& row : rows) {
    const json line = json::parse(row, nullptr, /*allow_exceptions=*/false);
    check_.ASSERT_THAT(
        line.is_object(), ::testing::Eq(true),
        {.text = absl::StrCat("a line of the trace: ", row.substr(0, 200)), .code = why::kHarness});
    lines.push_back(ReadLine(line));
  }
  return lines;
}

std::vector<std::string> HookTrace::Names() const {
  std::vector<std::string> names;
  for (TraceLine& line : Lines()) names.push_back(std::move(line.name));
  return names;
}

TraceLine HookTrace::Require(absl::string_view name) const {
  const std::vector<TraceLine> lines = Lines();
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [name](const TraceLine& line) { return line.name == name; });
  check_.ASSERT_THAT(found != lines.end(), ::testing::Eq(true),
                     {.text = absl::StrCat("the hook ", name, " has run; those that ran: ",
                                           ::testing::PrintToString(Names())),
                      .code = why::kProcessState});
  return *found;
}

}  // namespace conformance
