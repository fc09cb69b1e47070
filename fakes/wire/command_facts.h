// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <map>
#include <string>
#include <vector>

namespace fakes {

// What conditions of rules for commands may ask about besides the flags (README.md).
using CommandFacts = std::map<std::string, std::string>;

// Of the command line without argv[0]: `line`, `dashes`.
void AddLineFacts(const std::vector<std::string>& args, CommandFacts& facts);
// Of what `start` found on its stdin: `input`, `form`, `params.FIELD`. Takes id and namespace of
// the flags in `facts`.
void AddInputFacts(const std::string& input, CommandFacts& facts);

// What is looked up when it is asked for: `env.NAME` in the environment of this process,
// `file.NAME` in its working directory. Empty: there is no such.
std::string LookUp(absl::string_view fact);

}  // namespace fakes
