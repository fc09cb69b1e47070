// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace conformance {

// Reads the members of one JSON object of a file people may have edited. The first member that is
// missing or of another type is the error: INVALID_ARGUMENT "results.json: checks[3].level:
// missing". Members nobody asks for are ignored: a later version of the format may add some.
class JsonFields {
 public:
  // `where` is the file and the path to the object, for messages; `json` is borrowed.
  JsonFields(std::string where, const nlohmann::ordered_json& json);

  // Required members; `out` stays as it is after an error.
  void Get(const char* name, std::string& out);
  void Get(const char* name, bool& out);
  void Get(const char* name, std::int64_t& out);
  void Get(const char* name, double& out);
  void Get(const char* name, std::vector<std::string>& out);
  // Members that may be absent.
  void Find(const char* name, std::string& out);
  void Find(const char* name, std::vector<std::string>& out);
  void Find(const char* name, bool& out);

  using Visit = std::function<absl::Status(JsonFields& member)>;
  // A required object; `visit` reads it.
  void Object(const char* name, const Visit& visit);
  // An object or nothing.
  void FindObject(const char* name, const Visit& visit);
  // An array of objects.
  void Each(const char* name, const Visit& visit);
  void FindEach(const char* name, const Visit& visit);

  // The member `name` does not hold what it should: "..., expected one of must, should, may".
  void Fail(const char* name, absl::string_view problem);
  [[nodiscard]] bool Has(const char* name) const;
  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  const nlohmann::ordered_json* Member(const char* name);
  void Nested(const std::string& where, const nlohmann::ordered_json& json, const Visit& visit);

  std::string where_;
  const nlohmann::ordered_json& json_;
  absl::Status status_;
};

}  // namespace conformance
