// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <type_traits>
#include <vector>

namespace conformance {

// Reads the members of one JSON object somebody else wrote: a file people may have edited, a
// message of another process. The first member that is missing or of another type is the error:
// INVALID_ARGUMENT "results.json: checks[3].level: missing". Members nobody asks for are ignored: a
// later version of the format may add some.
class JsonFields {
 public:
  // `where` is the file and the path to the object, for messages; `json` is borrowed.
  JsonFields(std::string where, const nlohmann::ordered_json& json);

  // Required members; `out` stays as it is after an error.
  void Get(const char* name, std::string& out);
  void Get(const char* name, bool& out);
  void Get(const char* name, double& out);
  void Get(const char* name, std::vector<std::string>& out);
  void Get(const char* name, std::map<std::string, std::string>& out);
  // An integer; one that `Integer` cannot hold is an error.
  template <typename Integer>
  std::enable_if_t<std::is_integral_v<Integer>> Get(const char* name, Integer& out) {
    using Limits = std::numeric_limits<Integer>;
    if constexpr (std::is_signed_v<Integer>) {
      out = static_cast<Integer>(GetSigned(name, Limits::min(), Limits::max(), out));
    } else {
      out = static_cast<Integer>(GetUnsigned(name, Limits::max(), out));
    }
  }
  // Members that may be absent.
  template <typename T>
  void Find(const char* name, T& out) {
    if (Has(name)) Get(name, out);
  }

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
  // The member, or `otherwise` after an error.
  std::int64_t GetSigned(const char* name, std::int64_t min, std::int64_t max,
                         std::int64_t otherwise);
  std::uint64_t GetUnsigned(const char* name, std::uint64_t max, std::uint64_t otherwise);
  void Nested(const std::string& where, const nlohmann::ordered_json& json, const Visit& visit);

  std::string where_;
  const nlohmann::ordered_json& json_;
  absl::Status status_;
};

}  // namespace conformance
