// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace conformance {

// One file of conformance/profiles or conformance/expectations; the build makes the table.
struct ReadyMadeFile {
  absl::string_view name;  // "profiles/host-process"
  std::string text;
};
const std::vector<ReadyMadeFile>& ReadyMadeFiles();

}  // namespace conformance
