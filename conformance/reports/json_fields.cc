// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/json_fields.h"

#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

JsonFields::JsonFields(std::string where, const Json& json)
    : where_(std::move(where)), json_(json) {
  if (!json.is_object()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(where_, ": expected an object"));
  }
}

void JsonFields::Fail(const char* name, absl::string_view problem) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat(where_, ".", name, ": ", problem));
}

bool JsonFields::Has(const char* name) const { return json_.is_object() && json_.contains(name); }

const Json* JsonFields::Member(const char* name) {
  if (!status_.ok()) return nullptr;
  const auto found = json_.find(name);
  if (found != json_.end()) return &*found;
  Fail(name, "missing");
  return nullptr;
}

void JsonFields::Get(const char* name, std::string& out) {
  const Json* member = Member(name);
  if (member == nullptr) return;
  if (!member->is_string()) return Fail(name, "expected a string");
  out = member->get<std::string>();
}

void JsonFields::Get(const char* name, bool& out) {
  const Json* member = Member(name);
  if (member == nullptr) return;
  if (!member->is_boolean()) return Fail(name, "expected true or false");
  out = member->get<bool>();
}

std::int64_t JsonFields::GetSigned(const char* name, std::int64_t min, std::int64_t max,
                                   std::int64_t otherwise) {
  const Json* member = Member(name);
  if (member == nullptr) return otherwise;
  // A number beyond the signed ones is held as an unsigned one.
  const bool fits = member->is_number_integer() &&
                    !(member->is_number_unsigned() &&
                      member->get<std::uint64_t>() > static_cast<std::uint64_t>(max)) &&
                    member->get<std::int64_t>() >= min && member->get<std::int64_t>() <= max;
  if (fits) return member->get<std::int64_t>();
  Fail(name, absl::StrCat("expected an integer from ", min, " to ", max));
  return otherwise;
}

std::uint64_t JsonFields::GetUnsigned(const char* name, std::uint64_t max,
                                      std::uint64_t otherwise) {
  const Json* member = Member(name);
  if (member == nullptr) return otherwise;
  if (member->is_number_unsigned() && member->get<std::uint64_t>() <= max) {
    return member->get<std::uint64_t>();
  }
  Fail(name, absl::StrCat("expected an integer from 0 to ", max));
  return otherwise;
}

void JsonFields::Get(const char* name, double& out) {
  const Json* member = Member(name);
  if (member == nullptr) return;
  if (!member->is_number()) return Fail(name, "expected a number");
  out = member->get<double>();
}

void JsonFields::Get(const char* name, std::vector<std::string>& out) {
  const Json* member = Member(name);
  if (member == nullptr) return;
  if (!member->is_array()) return Fail(name, "expected an array of strings");
  std::vector<std::string> texts;
  for (const Json& item : *member) {
    if (!item.is_string()) return Fail(name, "expected an array of strings");
    texts.push_back(item.get<std::string>());
  }
  out = std::move(texts);
}

void JsonFields::Get(const char* name, std::map<std::string, std::string>& out) {
  const Json* member = Member(name);
  if (member == nullptr) return;
  if (!member->is_object()) return Fail(name, "expected an object of strings");
  std::map<std::string, std::string> texts;
  for (const auto& [key, item] : member->items()) {
    if (!item.is_string()) return Fail(name, "expected an object of strings");
    texts[key] = item.get<std::string>();
  }
  out = std::move(texts);
}

void JsonFields::Nested(const std::string& where, const Json& json, const Visit& visit) {
  if (!status_.ok()) return;
  JsonFields member(where, json);
  absl::Status own = member.status_.ok() ? visit(member) : absl::OkStatus();
  status_ = member.status_.ok() ? std::move(own) : member.status_;
}

void JsonFields::Object(const char* name, const Visit& visit) {
  if (const Json* member = Member(name)) Nested(absl::StrCat(where_, ".", name), *member, visit);
}

void JsonFields::FindObject(const char* name, const Visit& visit) {
  if (Has(name)) Object(name, visit);
}

void JsonFields::Each(const char* name, const Visit& visit) {
  const Json* member = Member(name);
  if (member == nullptr) return;
  if (!member->is_array()) return Fail(name, "expected an array");
  for (std::size_t i = 0; i < member->size(); ++i) {
    Nested(absl::StrCat(where_, ".", name, "[", i, "]"), (*member)[i], visit);
  }
}

void JsonFields::FindEach(const char* name, const Visit& visit) {
  if (Has(name)) Each(name, visit);
}

}  // namespace conformance
