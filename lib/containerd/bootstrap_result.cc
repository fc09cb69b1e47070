// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include "bootstrap/v1/bootstrap.pb.h"
#include "containerd/bootstrap.h"

namespace containerd {
namespace {

absl::string_view ProtocolName(Protocol protocol) {
  return protocol == Protocol::kGrpc ? "grpc" : "ttrpc";
}

// A JSON string literal. Written by hand so that a shim needs no JSON library.
std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted.push_back('\\');
      quoted.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", static_cast<unsigned>(c));
    } else {
      quoted.push_back(c);
    }
  }
  quoted.push_back('"');
  return quoted;
}

// Keys as containerd's own encoder spells them; bytes are base64 (V24-01).
std::string EncodeJson(const BootstrapResult& result) {
  std::string json =
      absl::StrCat("{\"version\":", result.version, ",\"address\":", Quoted(result.address),
                   ",\"protocol\":\"", ProtocolName(result.protocol), "\"");
  if (!result.metadata.empty()) {
    absl::StrAppend(&json, ",\"metadata\":{",
                    absl::StrJoin(result.metadata, ",",
                                  [](std::string* out, const auto& entry) {
                                    absl::StrAppend(out, Quoted(entry.first), ":",
                                                    Quoted(entry.second));
                                  }),
                    "}");
  }
  if (!result.extensions.empty()) {
    absl::StrAppend(&json, ",\"extensions\":[",
                    absl::StrJoin(result.extensions, ",",
                                  [](std::string* out, const google::protobuf::Any& any) {
                                    absl::StrAppend(
                                        out, "{\"value\":{\"type_url\":", Quoted(any.type_url()),
                                        ",\"value\":\"", absl::Base64Escape(any.value()), "\"}}");
                                  }),
                    "]");
  }
  return json + "}";
}

std::string EncodeProtobuf(const BootstrapResult& result) {
  runtime::bootstrap::v1::BootstrapResult message;
  message.set_version(result.version);
  message.set_address(result.address);
  message.set_protocol(std::string(ProtocolName(result.protocol)));
  message.mutable_metadata()->insert(result.metadata.begin(), result.metadata.end());
  for (const google::protobuf::Any& extension : result.extensions) {
    *message.add_extensions()->mutable_value() = extension;
  }
  return message.SerializeAsString();
}

}  // namespace

absl::string_view DialectName(Dialect dialect) {
  switch (dialect) {
    case Dialect::kText:
      return "text";
    case Dialect::kJson:
      return "json";
    case Dialect::kProtobuf:
      return "protobuf";
  }
  return "";
}

absl::StatusOr<std::string> EncodeStartResult(const BootstrapResult& result) {
  switch (result.dialect) {
    case Dialect::kText:
      break;
    case Dialect::kJson:
      return EncodeJson(result);
    case Dialect::kProtobuf:
      return EncodeProtobuf(result);
  }
  if (result.version != 2 || result.protocol != Protocol::kTtrpc) {
    return absl::InvalidArgumentError(
        absl::StrCat("a bare address means version 2 over ttrpc, not version ", result.version,
                     " over ", ProtocolName(result.protocol)));
  }
  return result.address;
}

}  // namespace containerd
