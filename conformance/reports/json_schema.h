// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace conformance {

// Checks JSON against the part of JSON Schema 2020-12 that docs/results.schema.json uses: type,
// properties, required, items, enum, const, minimum, oneOf, and $ref into $defs. Stricter than the
// standard in two ways, for tests: a member that `properties` does not list is a problem, and so is
// a keyword of the schema that is not understood.
class JsonSchema {
 public:
  using Json = nlohmann::ordered_json;
  explicit JsonSchema(Json schema) : schema_(std::move(schema)) {}

  // What is wrong with `value`, judged by the whole schema or by one of its $defs: "path: problem".
  [[nodiscard]] std::vector<std::string> Problems(const Json& value) const;
  [[nodiscard]] std::vector<std::string> Problems(const Json& value, const std::string& def) const;
  [[nodiscard]] const Json& json() const { return schema_; }

 private:
  void Check(const Json& schema, const Json& value, const std::string& path,
             std::vector<std::string>& problems) const;
  void CheckObject(const Json& schema, const Json& value, const std::string& path,
                   std::vector<std::string>& problems) const;
  void CheckChoice(const Json& choices, const Json& value, const std::string& path,
                   std::vector<std::string>& problems) const;

  Json schema_;
};

}  // namespace conformance
