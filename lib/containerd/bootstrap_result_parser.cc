// SPDX-License-Identifier: Apache-2.0
// Apart from bootstrap_result.cc so that a shim, which only writes results, links no JSON parser.
#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/stubs/logging.h>

#include <climits>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "bootstrap/v1/bootstrap.pb.h"
#include "containerd/bootstrap.h"

namespace containerd {
namespace {

using Json = nlohmann::json;
namespace wire = runtime::bootstrap::v1;

constexpr int kVersionMin = 2;
constexpr int kVersionMax = 3;

// The value of a key, compared as Go's decoder does: the case of letters does not matter, the last
// one wins, null means absent.
const Json* Find(const Json& object, absl::string_view key) {
  const Json* found = nullptr;
  for (const auto& [name, value] : object.items()) {
    if (absl::EqualsIgnoreCase(name, key) && !value.is_null()) found = &value;
  }
  return found;
}

// Each returns false when the value is of another type: then the whole text is no result.
bool TakeString(const Json& object, absl::string_view key, std::string& out) {
  const Json* value = Find(object, key);
  if (value == nullptr) return true;
  if (!value->is_string()) return false;
  out = value->get<std::string>();
  return true;
}

bool TakeVersion(const Json& object, int& version) {
  const Json* value = Find(object, "version");
  if (value == nullptr) return true;
  if (!value->is_number_integer()) return false;
  const auto number = value->get<std::int64_t>();
  if (number < INT32_MIN || number > INT32_MAX) return false;
  version = static_cast<int>(number);
  return true;
}

bool TakeMetadata(const Json& object, std::map<std::string, std::string>& metadata) {
  const Json* value = Find(object, "metadata");
  if (value == nullptr) return true;
  if (!value->is_object()) return false;
  for (const auto& [key, text] : value->items()) {
    if (!text.is_string()) return false;
    metadata[key] = text.get<std::string>();
  }
  return true;
}

bool TakeExtensions(const Json& object, std::vector<google::protobuf::Any>& extensions) {
  const Json* list = Find(object, "extensions");
  if (list == nullptr) return true;
  if (!list->is_array()) return false;
  for (const Json& extension : *list) {
    if (!extension.is_object()) return false;
    const Json* any = Find(extension, "value");
    if (any == nullptr || !any->is_object()) return false;
    std::string type_url;
    std::string base64;
    std::string bytes;
    if (!TakeString(*any, "type_url", type_url) || !TakeString(*any, "value", base64) ||
        !absl::Base64Unescape(base64, &bytes)) {
      return false;
    }
    google::protobuf::Any& taken = extensions.emplace_back();
    taken.set_type_url(type_url);
    taken.set_value(bytes);
  }
  return true;
}

absl::StatusOr<BootstrapResult> Checked(BootstrapResult result, absl::string_view protocol) {
  if (result.version > kVersionMax) {
    return absl::UnimplementedError(absl::StrCat("start result announces version ", result.version,
                                                 "; known are ", kVersionMin, " and ",
                                                 kVersionMax));
  }
  if (result.version < kVersionMin) {
    return absl::InvalidArgumentError(
        absl::StrCat("start result announces version ", result.version));
  }
  if (absl::EqualsIgnoreCase(protocol, "grpc")) {
    result.protocol = Protocol::kGrpc;
  } else if (!absl::EqualsIgnoreCase(protocol, "ttrpc")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "start result names protocol \"", absl::CHexEscape(protocol), "\", not ttrpc or grpc"));
  }
  if (result.address.empty()) return absl::InvalidArgumentError("start result has no address");
  return result;
}

// False: not JSON, or JSON that does not announce version 2 or later.
bool TakeJson(absl::string_view text, BootstrapResult& result, std::string& protocol) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return false;
  result.version = 0;
  return TakeVersion(json, result.version) && result.version >= kVersionMin &&
         TakeString(json, "address", result.address) && TakeString(json, "protocol", protocol) &&
         TakeMetadata(json, result.metadata) && TakeExtensions(json, result.extensions);
}

BootstrapResult FromMessage(const wire::BootstrapResult& message) {
  BootstrapResult result{.version = message.version(),
                         .address = message.address(),
                         .dialect = Dialect::kProtobuf,
                         .metadata = {message.metadata().begin(), message.metadata().end()}};
  for (const wire::Extension& extension : message.extensions()) {
    result.extensions.push_back(extension.value());
  }
  return result;
}

}  // namespace

absl::StatusOr<BootstrapResult> ParseStartResult(absl::string_view output) {
  if (output.empty()) return absl::InvalidArgumentError("start printed no result");
  const google::protobuf::LogSilencer silencer;  // most outputs are not protobuf
  wire::BootstrapResult message;
  if (output.size() <= INT_MAX &&
      message.ParseFromArray(output.data(), static_cast<int>(output.size()))) {
    return Checked(FromMessage(message), message.protocol());
  }
  const absl::string_view text = absl::StripAsciiWhitespace(output);
  BootstrapResult result{.dialect = Dialect::kJson};
  std::string protocol;
  if (TakeJson(text, result, protocol)) return Checked(std::move(result), protocol);
  return Checked(BootstrapResult{.version = kVersionMin, .address = std::string(text)}, "ttrpc");
}

}  // namespace containerd
