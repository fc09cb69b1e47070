// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine_options.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <vector>

#include "base/status_macros.h"
#include "oci/json_reader.h"
#include "reference-shim/backends/oci/bundle_file.h"
#include "reference-shim/backends/oci/limits.h"
#include "reference-shim/shim/small_file.h"
#include "runc/options.pb.h"

namespace backends {
namespace {

constexpr char kOptionsFile[] = "/options.json";
constexpr char kRuntimeFile[] = "/runtime";
constexpr unsigned kRecordMode = 0600;

// The member names of options.json are those of the message's fields.
struct BoolMember {
  const char* name;
  bool EngineOptions::*member;
};
constexpr BoolMember kBoolMembers[] = {
    {"no_pivot_root", &EngineOptions::no_pivot_root},
    {"no_new_keyring", &EngineOptions::no_new_keyring},
    {"systemd_cgroup", &EngineOptions::systemd_cgroup},
};
struct StringMember {
  const char* name;
  std::string EngineOptions::*member;
};
constexpr StringMember kStringMembers[] = {
    {"binary_name", &EngineOptions::binary},
    {"root", &EngineOptions::root},
    {"criu_image_path", &EngineOptions::criu_image_path},
    {"criu_work_path", &EngineOptions::criu_work_path},
};

// `text` as a JSON string. Options are protobuf strings, hence UTF-8.
std::string JsonString(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", byte);
      continue;
    }
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

absl::Status ReadMember(oci::JsonReader& reader, absl::string_view name, EngineOptions& options) {
  for (const BoolMember& known : kBoolMembers) {
    if (name == known.name) return reader.ReadBool(options.*known.member);
  }
  for (const StringMember& known : kStringMembers) {
    if (name == known.name) return reader.ReadString(options.*known.member);
  }
  return reader.Skip();
}

}  // namespace

absl::StatusOr<EngineOptions> ParseEngineOptions(const shim::Opaque& options) {
  if (options.empty()) return EngineOptions();
  containerd::runc::v1::Options message;
  absl::string_view type = options.type_url;
  type.remove_prefix(type.rfind('/') + 1);  // "type.googleapis.com/" is legal before any type
  if (type != message.GetTypeName()) {
    return absl::InvalidArgumentError(absl::StrCat("unsupported option type \"", options.type_url,
                                                   "\", expected ", message.GetTypeName()));
  }
  if (!message.ParseFromString(options.value)) {
    return absl::InvalidArgumentError(absl::StrCat("malformed ", message.GetTypeName()));
  }
  return EngineOptions{.binary = message.binary_name(),
                       .root = message.root(),
                       .systemd_cgroup = message.systemd_cgroup(),
                       .no_pivot_root = message.no_pivot_root(),
                       .no_new_keyring = message.no_new_keyring(),
                       .criu_image_path = message.criu_image_path(),
                       .criu_work_path = message.criu_work_path()};
}

absl::Status SaveEngineOptions(const std::string& bundle, const EngineOptions& options) {
  std::vector<std::string> members;
  for (const BoolMember& known : kBoolMembers) {
    if (options.*known.member) members.push_back(absl::StrCat(JsonString(known.name), ":true"));
  }
  for (const StringMember& known : kStringMembers) {
    const std::string& value = options.*known.member;
    if (value.empty()) continue;
    members.push_back(absl::StrCat(JsonString(known.name), ":", JsonString(value)));
  }
  RETURN_IF_ERROR(shim::WriteFileAtomically(absl::StrCat(bundle, kOptionsFile),
                                            absl::StrCat("{", absl::StrJoin(members, ","), "}"),
                                            kRecordMode));
  return shim::WriteFileAtomically(absl::StrCat(bundle, kRuntimeFile), options.binary, kRecordMode);
}

absl::StatusOr<EngineOptions> LoadEngineOptions(const std::string& bundle) {
  EngineOptions options;
  const std::string json = ReadTail(absl::StrCat(bundle, kOptionsFile), 0, kRecordBytesMax);
  if (!json.empty()) {
    oci::JsonReader reader(json);
    absl::Status status = reader.ReadObject(
        [&](absl::string_view name) { return ReadMember(reader, name, options); });
    if (status.ok()) status = reader.Finish();
    RETURN_IF_ERROR(base::Annotate(status, absl::StrCat(bundle, kOptionsFile)));
  }
  // Older shims wrote only this one.
  const std::string runtime = ReadTail(absl::StrCat(bundle, kRuntimeFile), 0, kRecordBytesMax);
  if (!runtime.empty()) options.binary = runtime;
  return options;
}

}  // namespace backends
