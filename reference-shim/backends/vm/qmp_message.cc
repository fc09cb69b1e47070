// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/qmp_message.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {
namespace {

using nlohmann::json;

constexpr std::size_t kQuotedBytesMax = 200;

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string TextOf(const json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

absl::Status NoMessage(absl::string_view line) {
  return absl::InvalidArgumentError(
      absl::StrCat("QMP: expected a greeting, answer or event, not: ",
                   absl::StripAsciiWhitespace(line.substr(0, kQuotedBytesMax))));
}

absl::StatusOr<QmpMessage> Parse(absl::string_view line) {
  const json object = json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return NoMessage(line);
  QmpMessage message;
  if (object.contains("QMP")) {
    message.kind = QmpMessage::Kind::kGreeting;
    return message;
  }
  if (object.contains("event")) {
    message.kind = QmpMessage::Kind::kEvent;
    message.name = TextOf(object, "event");
    if (object.contains("data")) message.text = Dump(object["data"]);
    return message;
  }
  // An error without an id answers what could not even be read as a command.
  const auto id = object.find("id");
  if (id == object.end() || !id->is_number_unsigned()) return NoMessage(line);
  message.id = id->get<std::uint64_t>();
  if (object.contains("return")) {
    message.text = Dump(object["return"]);
    return message;
  }
  if (!object.contains("error") || !object["error"].is_object()) return NoMessage(line);
  message.kind = QmpMessage::Kind::kError;
  message.name = TextOf(object["error"], "class");
  message.text = TextOf(object["error"], "desc");
  return message;
}

}  // namespace

absl::StatusOr<std::vector<QmpMessage>> QmpReader::Add(absl::string_view bytes) {
  std::vector<QmpMessage> messages;
  for (std::size_t end = bytes.find('\n'); end != absl::string_view::npos; end = bytes.find('\n')) {
    absl::StrAppend(&line_, bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, "");
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    ASSIGN_OR_RETURN(QmpMessage message, Parse(line));
    messages.push_back(std::move(message));
  }
  absl::StrAppend(&line_, bytes);
  if (line_.size() > kQmpLineBytesMax) return NoMessage(line_);
  return messages;
}

std::string FormatQmpCommand(absl::string_view command, const std::string& arguments,
                             std::uint64_t id) {
  return absl::StrCat("{\"execute\":\"", command, "\",",
                      arguments.empty() ? "" : absl::StrCat("\"arguments\":", arguments, ","),
                      "\"id\":", id, "}\n");
}

absl::Status QmpErrorStatus(const QmpMessage& error) {
  if (error.name == "DeviceNotFound") return absl::NotFoundError(error.text);
  if (error.name == "CommandNotFound") return absl::UnimplementedError(error.text);
  return absl::InternalError(error.text);
}

}  // namespace backends
