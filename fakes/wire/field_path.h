// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <memory>
#include <optional>
#include <string>

#include "fakes/wire/wire_rule.h"

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

namespace fakes {

// Fields of messages by words: "exited_at", "io.stdout", "processes[1].pid" ("[+]": one more),
// "stats.memory.usage.usage" (an Any whose type this program has is looked into).
//
// Values are words as well: numbers, true and false, names or numbers of enumerators, bytes as they
// are; of a Timestamp the nanoseconds since 1970, to be set also as "now" or "zero" (Go's zero
// time).

// The value; nullopt where there is no such field, or the message that would have it is absent.
std::optional<std::string> ReadField(const google::protobuf::Message& message,
                                     absl::string_view path);

// Sets a field, makes the messages on the way. Adding to a Timestamp adds milliseconds.
// INVALID_ARGUMENT names what is wrong with the path or the value; an element beyond the end of a
// list is no error and changes nothing.
absl::Status WriteField(google::protobuf::Message& message, absl::string_view path,
                        WireAssignment::Op op, const std::string& value);

// Leaves the field out (an element: takes it off its list). INVALID_ARGUMENT as above.
absl::Status ClearField(google::protobuf::Message& message, absl::string_view path);

// Whether messages of this type can have such a field, as far as that is known without looking into
// an Any.
absl::Status CheckField(const google::protobuf::Descriptor& type, absl::string_view path);

// An empty message of a type of this program, nullptr if it has none of that full name; what stands
// before a slash is ignored.
std::unique_ptr<google::protobuf::Message> NewMessageOf(absl::string_view type_name);

}  // namespace fakes
