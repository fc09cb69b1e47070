// SPDX-License-Identifier: Apache-2.0
#include "oci/annotations.h"

#include "base/status_macros.h"
#include "oci/json_reader.h"

namespace oci {

absl::StatusOr<StringMap> ParseAnnotations(absl::string_view config_json) {
  StringMap annotations;
  JsonReader reader(config_json);
  RETURN_IF_ERROR(reader.ReadObject([&](absl::string_view member) {
    if (member != "annotations") return reader.Skip();
    return reader.ReadObject(
        [&](absl::string_view name) { return reader.ReadString(annotations[std::string(name)]); });
  }));
  RETURN_IF_ERROR(reader.Finish());
  return annotations;
}

}  // namespace oci
