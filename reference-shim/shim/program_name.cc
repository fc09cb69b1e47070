// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/program_name.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

namespace shim {

std::string ProgramName(absl::string_view program) {
  return std::string(program.substr(program.rfind('/') + 1));
}

std::string RuntimeName(absl::string_view program) {
  const std::string name = ProgramName(program);
  absl::string_view rest = name;
  const std::size_t dash = name.rfind('-');
  if (!absl::ConsumePrefix(&rest, "containerd-shim-") || rest.find('-') == rest.npos) return name;
  return absl::StrCat("io.containerd.", rest.substr(0, rest.rfind('-')), ".",
                      absl::string_view(name).substr(dash + 1));
}

}  // namespace shim
