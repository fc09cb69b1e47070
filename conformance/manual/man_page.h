// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/manual/command_model.h"

namespace conformance {

// A mistake on the command line and what shimgauge says to it, word for word.
struct WrongUsage {
  std::vector<std::string> arguments;
  std::string message;  // after "shimgauge: "
  int exit_code = 2;
};
const std::vector<WrongUsage>& WrongUsages();

// shimgauge(1) as roff.
std::string ManPage(const CommandModel& program, const std::string& version);

}  // namespace conformance
