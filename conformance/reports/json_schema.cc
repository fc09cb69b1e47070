// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/json_schema.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <set>

namespace conformance {
namespace {

using Json = JsonSchema::Json;
using Problem = std::vector<std::string>;

const std::set<std::string>& Keywords() {
  static const std::set<std::string> keywords = {"$schema", "$defs",      "title",    "description",
                                                 "type",    "properties", "required", "items",
                                                 "enum",    "const",      "minimum",  "oneOf"};
  return keywords;
}

bool HasType(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return false;
}

}  // namespace

void JsonSchema::CheckObject(const Json& schema, const Json& value, const std::string& path,
                             Problem& problems) const {
  const Json& properties = schema.at("properties");
  for (const auto& [name, member] : value.items()) {
    if (properties.contains(name)) {
      Check(properties.at(name), member, absl::StrCat(path, ".", name), problems);
    } else {
      problems.push_back(absl::StrCat(path, ".", name, ": not in the schema"));
    }
  }
  for (const Json& name : schema.at("required")) {
    if (!value.contains(name.get<std::string>())) {
      problems.push_back(absl::StrCat(path, ".", name.get<std::string>(), ": missing"));
    }
  }
}

void JsonSchema::CheckChoice(const Json& choices, const Json& value, const std::string& path,
                             Problem& problems) const {
  std::size_t fitting = 0;
  Problem fewest;
  for (const Json& choice : choices) {
    Problem own;
    Check(choice, value, path, own);
    if (own.empty()) ++fitting;
    if (fewest.empty() || own.size() < fewest.size()) fewest = own;
  }
  if (fitting == 1) return;
  problems.push_back(absl::StrCat(path, ": fits ", fitting, " of ", choices.size(), " choices; ",
                                  absl::StrJoin(fewest, "; ")));
}

void JsonSchema::Check(const Json& schema, const Json& value, const std::string& path,
                       Problem& problems) const {
  if (schema.contains("$ref")) {
    const std::string ref = schema.at("$ref").get<std::string>();
    const std::string name(absl::StripPrefix(ref, "#/$defs/"));
    return Check(schema_.at("$defs").at(name), value, path, problems);
  }
  for (const auto& [keyword, argument] : schema.items()) {
    if (Keywords().count(keyword) == 0) {
      problems.push_back(absl::StrCat(path, ": the schema says ", keyword));
    }
  }
  if (schema.contains("type") && !HasType(value, schema.at("type").get<std::string>())) {
    problems.push_back(
        absl::StrCat(path, ": ", value.dump(), " is no ", schema.at("type").get<std::string>()));
    return;
  }
  if (schema.contains("const") && value != schema.at("const")) {
    problems.push_back(
        absl::StrCat(path, ": ", value.dump(), " is not ", schema.at("const").dump()));
  }
  if (schema.contains("enum")) {
    const Json& choices = schema.at("enum");
    if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
      problems.push_back(absl::StrCat(path, ": ", value.dump(), " is none of ", choices.dump()));
    }
  }
  if (schema.contains("minimum") && value < schema.at("minimum")) {
    problems.push_back(absl::StrCat(path, ": ", value.dump(), " is too small"));
  }
  if (schema.contains("oneOf")) CheckChoice(schema.at("oneOf"), value, path, problems);
  if (schema.contains("properties")) CheckObject(schema, value, path, problems);
  if (schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      Check(schema.at("items"), value[i], absl::StrCat(path, "[", i, "]"), problems);
    }
  }
}

Problem JsonSchema::Problems(const Json& value) const {
  Problem problems;
  Check(schema_, value, "", problems);
  return problems;
}

Problem JsonSchema::Problems(const Json& value, const std::string& def) const {
  Problem problems;
  Check(schema_.at("$defs").at(def), value, "", problems);
  return problems;
}

}  // namespace conformance
