// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/features_json.h"

#include <absl/strings/str_cat.h>

#include "oci/json_reader.h"

namespace backends {

std::string WithAnnotations(absl::string_view features, absl::string_view members) {
  absl::string_view annotations;  // with braces
  bool empty = true;              // no member at all
  oci::JsonReader in(features);
  const absl::Status read = in.ReadObject([&](absl::string_view name) {
    empty = false;
    absl::string_view raw;
    const bool ours = name == "annotations";
    absl::Status status = in.SkipRaw(raw);
    if (ours) annotations = raw;
    return status;
  });
  if (!read.ok() || !in.Finish().ok()) return std::string(features);
  if (!annotations.empty() && annotations[0] == '{') {
    const auto at = static_cast<std::size_t>(annotations.data() - features.data()) + 1;
    const bool more = oci::CompactJson(annotations) != "{}";
    return absl::StrCat(features.substr(0, at), members, more ? "," : "", features.substr(at));
  }
  const std::size_t at = features.find('{') + 1;
  return absl::StrCat(features.substr(0, at), "\"annotations\":{", members, "}", empty ? "" : ",",
                      features.substr(at));
}

}  // namespace backends
