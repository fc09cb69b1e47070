// SPDX-License-Identifier: Apache-2.0
#include "oci/process_json.h"

#include <absl/strings/str_cat.h>

#include <vector>

#include "base/status_macros.h"
#include "oci/json_reader.h"

namespace oci {

absl::StatusOr<std::string> WithTerminal(absl::string_view process_json, bool terminal) {
  JsonReader reader(process_json);
  const std::size_t open_brace = reader.offset();
  std::vector<absl::string_view> values;  // more than one if the member is repeated
  bool empty = true;
  RETURN_IF_ERROR(reader.ReadObject(
      [&](absl::string_view member) {
        empty = false;
        if (member != "terminal") return reader.Skip();
        return reader.SkipRaw(values.emplace_back());
      },
      JsonReader::Nulls::kReport));
  RETURN_IF_ERROR(reader.Finish());

  const absl::string_view value = terminal ? "true" : "false";
  if (values.empty()) {
    return absl::StrCat(process_json.substr(0, open_brace + 1), "\"terminal\":", value,
                        empty ? "" : ",", process_json.substr(open_brace + 1));
  }
  std::string out;
  const char* copied = process_json.data();
  for (const absl::string_view old : values) {
    out.append(copied, old.data());
    absl::StrAppend(&out, value);
    copied = old.data() + old.size();
  }
  out.append(copied, process_json.data() + process_json.size());
  return out;
}

}  // namespace oci
