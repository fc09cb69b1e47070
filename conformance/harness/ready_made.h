// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace conformance {

// The profiles and expectations of this tree (conformance/profiles, conformance/expectations),
// which travel inside the executable.
enum class ReadyMade { kProfile, kExpectations };

// Their names, sorted: file names without ".toml".
std::vector<std::string> ReadyMadeNamesOf(ReadyMade kind);

// A file that people edit: what it is called in messages, and its text.
struct NamedText {
  std::string name;
  std::string text;
};

// What `--profile` or `--expect` names: a file if the word has a slash or ends in ".toml", else a
// ready-made one, else a file. INVALID_ARGUMENT when there is neither, with the names there are.
absl::StatusOr<NamedText> ReadNamed(ReadyMade kind, const std::string& word);

}  // namespace conformance
