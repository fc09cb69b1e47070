// SPDX-License-Identifier: Apache-2.0
#include "fakes/null_shims/null_recording.h"

#include <absl/status/status.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <utility>

#include "base/status_macros.h"
#include "ttrpc/envelope.h"
#include "ttrpc/limits.h"

namespace fakes {

absl::StatusOr<std::string> RecordedPayload(absl::string_view method) {
  for (const absl::string_view line : absl::StrSplit(RecordingText(), '\n')) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(line, ' ');
    if (parts.first != method) continue;
    const std::string frame = absl::HexStringToBytes(parts.second);
    if (frame.size() < ttrpc::kFrameHeaderBytes) {
      return absl::DataLossError(absl::StrCat("the recorded frame of ", method, " is cut short"));
    }
    ASSIGN_OR_RETURN(
        const ttrpc::ResponseEnvelope response,
        ttrpc::DecodeResponse(absl::string_view(frame).substr(ttrpc::kFrameHeaderBytes)));
    if (response.code != 0) {
      return absl::Status(static_cast<absl::StatusCode>(response.code), response.message);
    }
    return std::string(response.payload);
  }
  return absl::UnimplementedError(absl::StrCat(method, " was not recorded"));
}

}  // namespace fakes
