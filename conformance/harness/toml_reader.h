// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace conformance {

// The file's text; INVALID_ARGUMENT that names the file when it cannot be read or is over 1 MiB.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

// Strict reading of one TOML table: every error is INVALID_ARGUMENT and says "<file>:<line>:
// <column>: <place>: ...", and a key that nobody asked for is an error too. The position is that of
// the value.
class TomlReader {
 public:
  // The root table of a document.
  static absl::StatusOr<TomlReader> Parse(absl::string_view text, const std::string& file);

  // nullopt: no such key.
  absl::StatusOr<std::optional<std::string>> String(const std::string& key);
  absl::StatusOr<std::optional<bool>> Bool(const std::string& key);
  absl::StatusOr<std::optional<std::int64_t>> Integer(const std::string& key);
  absl::StatusOr<std::optional<double>> Number(const std::string& key);  // 1 and 1.0 alike
  // A list of strings, of integers; empty when there is none.
  absl::StatusOr<std::vector<std::string>> StringList(const std::string& key);
  absl::StatusOr<std::vector<std::int64_t>> IntegerList(const std::string& key);
  // A table all of whose values are strings; empty when there is none.
  absl::StatusOr<std::map<std::string, std::string>> Strings(const std::string& key);
  // A sub-table; its errors name it "[key]".
  absl::StatusOr<std::optional<TomlReader>> Table(const std::string& key);
  // An array of tables, empty when there is none; errors name them "[[key]] 1", ...
  absl::StatusOr<std::vector<TomlReader>> Tables(const std::string& key);

  [[nodiscard]] bool Has(const std::string& key) const;
  [[nodiscard]] std::vector<std::string> Keys() const;  // all there are, sorted

  // An error if the table holds a key that was never asked for, naming what there is.
  [[nodiscard]] absl::Status NothingElse() const;
  // An error at the value of `key` (of the table itself when it has no such key).
  [[nodiscard]] absl::Status Error(absl::string_view key, absl::string_view message) const;
  [[nodiscard]] int line() const;

 private:
  struct State;  // hides toml++, which takes seconds to compile
  explicit TomlReader(std::shared_ptr<const State> table);

  std::shared_ptr<const State> table_;  // shared by the copies of this reader
  std::set<std::string> asked_;
};

// `schema = 1` is required in every file people edit.
absl::Status CheckSchema(TomlReader& root);

}  // namespace conformance
