// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>
#include <vector>

namespace backends {

// What QEMU says on its monitor (QMP): an object of JSON on each line.
struct QmpMessage {
  enum class Kind { kGreeting, kReturn, kError, kEvent };
  Kind kind = Kind::kReturn;
  std::uint64_t id = 0;  // of the command that kReturn and kError answer
  std::string name;      // of an event, or class of an error: "SHUTDOWN", "GenericError"
  std::string text;      // JSON of what was returned, or of the event's data; an error's words
  friend bool operator==(const QmpMessage&, const QmpMessage&) = default;
};

// Takes a stream apart, in whatever pieces it comes. Does no I/O.
class QmpReader {
 public:
  // The messages that `bytes` complete. INVALID_ARGUMENT quotes what is none, or has no end within
  // kQmpLineBytesMax; the reader is of no use then.
  absl::StatusOr<std::vector<QmpMessage>> Add(absl::string_view bytes);

 private:
  std::string line_;  // what has no end yet
};

// A line that executes `command`. `arguments`: an object of JSON, or empty.
std::string FormatQmpCommand(absl::string_view command, const std::string& arguments,
                             std::uint64_t id);

// What an answer of kind kError is a status of.
absl::Status QmpErrorStatus(const QmpMessage& error);

}  // namespace backends
