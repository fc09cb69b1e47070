// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

namespace google::protobuf {
class Descriptor;
}

// JSON as people write it, protobuf as shims speak it: proto3's JSON mapping with the field names
// of the .proto files (lowerCamelCase is read as well), 64-bit numbers as strings, and for
// google.protobuf.Any what containerd really sends (EVT-04, EXEC-01):
//
//   {"@type": "containerd.runc.v1.Options", "root": "/run/x"}    a message this build knows
//   {"@type": "Process", "value": {"args": ["true"]}}            an OCI document, which is JSON
//   {"@type": "example.com/Other", "base64": "CgNhYmM="}         any other bytes
//
// A type is sent as its bare full name; a URL with a slash is sent as it is.

namespace conformance {

// The serialized message. INVALID_ARGUMENT is "<name>:<line>:<column>: <path>: <what is wrong>".
absl::StatusOr<std::string> EncodeJson(const google::protobuf::Descriptor& type,
                                       absl::string_view json, absl::string_view name);

// The message as JSON, on several lines when `indent` >= 0. All fields without presence are there;
// "@unknown" lists the numbers of fields this build has no name for. INVALID_ARGUMENT when
// `payload` is no such message.
absl::StatusOr<std::string> DecodeToJson(const google::protobuf::Descriptor& type,
                                         absl::string_view payload, int indent = -1);

}  // namespace conformance
