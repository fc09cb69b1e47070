// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine_ps.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <limits>

#include "base/status_macros.h"
#include "oci/json_reader.h"

namespace backends {

absl::StatusOr<std::vector<pid_t>> ParseEnginePs(absl::string_view output) {
  std::vector<pid_t> pids;
  output = absl::StripAsciiWhitespace(output);
  if (output == "null") return pids;
  oci::JsonReader in(output);
  absl::Status status = in.ReadArray([&]() -> absl::Status {
    std::int64_t pid = 0;
    RETURN_IF_ERROR(in.ReadInteger(1, std::numeric_limits<pid_t>::max(), pid));
    pids.push_back(static_cast<pid_t>(pid));
    return absl::OkStatus();
  });
  if (status.ok()) status = in.Finish();
  if (status.ok()) return pids;
  return absl::UnknownError(absl::StrCat("OCI runtime ps printed no list: ", status.message()));
}

}  // namespace backends
