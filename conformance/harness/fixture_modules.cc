// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/fixture_modules.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

namespace conformance {

std::string ModulePath(const std::string& fixtures, const std::string& file) {
  return absl::StrCat(fixtures, "/wasm/", file);
}

bool HasModules(const std::string& fixtures) {
  return ::access(ModulePath(fixtures, "exit_code.wasm").c_str(), R_OK) == 0;
}

}  // namespace conformance
