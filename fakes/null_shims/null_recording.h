// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

namespace fakes {

// fixtures/recording/replies.txt as the build found it: a method, a space and a whole response
// frame in hexadecimal digits, one a line.
absl::string_view RecordingText();

// What the recorded shim answered to the method, error or payload. UNIMPLEMENTED when it was not
// asked.
absl::StatusOr<std::string> RecordedPayload(absl::string_view method);

}  // namespace fakes
