// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/toml_reader.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/status_macros.h"

namespace conformance {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  std::string text(kFileBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) {
    return absl::InvalidArgumentError(base::ErrnoStatus(errno != 0 ? errno : EIO, path).message());
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": longer than 1 MiB"));
  }
  return text;
}

struct TomlReader::State {
  std::shared_ptr<const toml::table> root;  // keeps `table` alive; shared by the document's readers
  const toml::table* table = nullptr;
  std::string file;
  std::string place;  // "[claims]", "[[expect]] 3", "" for the root

  [[nodiscard]] const toml::node* Find(const std::string& key) const { return table->get(key); }
};

TomlReader::TomlReader(std::shared_ptr<const State> table) : table_(std::move(table)) {}

absl::StatusOr<TomlReader> TomlReader::Parse(absl::string_view text, const std::string& file) {
  try {
    auto root = std::make_shared<const toml::table>(
        toml::parse(std::string_view(text.data(), text.size())));
    return TomlReader(
        std::make_shared<const State>(State{.root = root, .table = root.get(), .file = file}));
  } catch (const toml::parse_error& error) {
    const std::string_view what = error.description();
    return absl::InvalidArgumentError(absl::StrCat(file, ":", error.source().begin.line, ":",
                                                   error.source().begin.column, ": ",
                                                   absl::string_view(what.data(), what.size())));
  }
}

int TomlReader::line() const { return static_cast<int>(table_->table->source().begin.line); }

absl::Status TomlReader::Error(absl::string_view key, absl::string_view message) const {
  const toml::node* node = table_->Find(std::string(key));
  if (node == nullptr) node = table_->table;
  // The root of a document without any key has no position.
  const auto line = std::max<toml::source_index>(node->source().begin.line, 1);
  const auto column = std::max<toml::source_index>(node->source().begin.column, 1);
  const std::string& place = table_->place;
  return absl::InvalidArgumentError(absl::StrCat(table_->file, ":", line, ":", column, ": ", place,
                                                 place.empty() || key.empty() ? "" : " ", key, ": ",
                                                 message));
}

absl::StatusOr<std::optional<std::string>> TomlReader::String(const std::string& key) {
  asked_.insert(key);
  const toml::node* node = table_->Find(key);
  if (node == nullptr) return std::optional<std::string>();
  const auto value = node->value_exact<std::string>();
  if (!value) return Error(key, "expected a string");
  return std::optional<std::string>(*value);
}

absl::StatusOr<std::optional<bool>> TomlReader::Bool(const std::string& key) {
  asked_.insert(key);
  const toml::node* node = table_->Find(key);
  if (node == nullptr) return std::optional<bool>();
  const auto value = node->value_exact<bool>();
  if (!value) return Error(key, "expected true or false");
  return std::optional<bool>(*value);
}

absl::StatusOr<std::optional<std::int64_t>> TomlReader::Integer(const std::string& key) {
  asked_.insert(key);
  const toml::node* node = table_->Find(key);
  if (node == nullptr) return std::optional<std::int64_t>();
  const auto value = node->value_exact<std::int64_t>();
  if (!value) return Error(key, "expected an integer");
  return std::optional<std::int64_t>(*value);
}

absl::StatusOr<std::optional<double>> TomlReader::Number(const std::string& key) {
  asked_.insert(key);
  const toml::node* node = table_->Find(key);
  if (node == nullptr) return std::optional<double>();
  if (!node->is_number()) return Error(key, "expected a number");
  return std::optional<double>(*node->value<double>());
}

absl::StatusOr<std::vector<std::string>> TomlReader::StringList(const std::string& key) {
  asked_.insert(key);
  std::vector<std::string> strings;
  const toml::node* node = table_->Find(key);
  if (node == nullptr) return strings;
  if (!node->is_array()) return Error(key, "expected a list of strings");
  for (const toml::node& item : *node->as_array()) {
    const auto value = item.value_exact<std::string>();
    if (!value) return Error(key, "expected a list of strings");
    strings.push_back(*value);
  }
  return strings;
}

absl::StatusOr<std::vector<std::int64_t>> TomlReader::IntegerList(const std::string& key) {
  asked_.insert(key);
  std::vector<std::int64_t> integers;
  const toml::node* node = table_->Find(key);
  if (node == nullptr) return integers;
  if (!node->is_array()) return Error(key, "expected a list of integers");
  for (const toml::node& item : *node->as_array()) {
    const auto value = item.value_exact<std::int64_t>();
    if (!value) return Error(key, "expected a list of integers");
    integers.push_back(*value);
  }
  return integers;
}

bool TomlReader::Has(const std::string& key) const { return table_->Find(key) != nullptr; }

std::vector<std::string> TomlReader::Keys() const {
  std::vector<std::string> keys;
  for (const auto& [name, node] : *table_->table) keys.emplace_back(name.str());
  return keys;
}

absl::StatusOr<std::map<std::string, std::string>> TomlReader::Strings(const std::string& key) {
  std::map<std::string, std::string> strings;
  ASSIGN_OR_RETURN(std::optional<TomlReader> reader, Table(key));
  if (!reader) return strings;
  for (const auto& [name, node] : *reader->table_->table) {
    const std::string text(name.str());
    ASSIGN_OR_RETURN(const std::optional<std::string> value, reader->String(text));
    strings[text] = *value;
  }
  return strings;
}

absl::StatusOr<std::optional<TomlReader>> TomlReader::Table(const std::string& key) {
  asked_.insert(key);
  const toml::node* node = table_->Find(key);
  if (node == nullptr) return std::optional<TomlReader>();
  if (!node->is_table()) return Error(key, "expected a table");
  const std::string place =
      table_->place.empty() ? absl::StrCat("[", key, "]") : absl::StrCat(table_->place, " ", key);
  return std::optional<TomlReader>(TomlReader(std::make_shared<const State>(State{
      .root = table_->root, .table = node->as_table(), .file = table_->file, .place = place})));
}

absl::StatusOr<std::vector<TomlReader>> TomlReader::Tables(const std::string& key) {
  asked_.insert(key);
  std::vector<TomlReader> readers;
  const toml::node* node = table_->Find(key);
  if (node == nullptr) return readers;
  if (!node->is_array_of_tables()) {
    return Error(key, absl::StrCat("expected tables, written [[", key, "]]"));
  }
  for (const toml::node& item : *node->as_array()) {
    readers.push_back(TomlReader(std::make_shared<const State>(
        State{.root = table_->root,
              .table = item.as_table(),
              .file = table_->file,
              .place = absl::StrCat("[[", key, "]] ", readers.size() + 1)})));
  }
  return readers;
}

absl::Status TomlReader::NothingElse() const {
  for (const auto& [name, node] : *table_->table) {
    const std::string key(name.str());
    if (asked_.count(key) == 0) {
      return Error(key, absl::StrCat("unknown key; known here: ", absl::StrJoin(asked_, ", ")));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSchema(TomlReader& root) {
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> schema, root.Integer("schema"));
  if (!schema) return root.Error("schema", "missing; write `schema = 1` at the top");
  if (*schema != 1) {
    return root.Error("schema", absl::StrCat("this build reads schema 1, not ", *schema));
  }
  return absl::OkStatus();
}

}  // namespace conformance
