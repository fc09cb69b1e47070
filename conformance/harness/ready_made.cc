// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/ready_made.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>
#include <unistd.h>

#include <algorithm>

#include "base/status_macros.h"
#include "conformance/harness/ready_made_files.h"
#include "conformance/harness/toml_reader.h"

namespace conformance {
namespace {

absl::string_view FolderOf(ReadyMade kind) {
  return kind == ReadyMade::kProfile ? "profiles/" : "expectations/";
}

}  // namespace

std::vector<std::string> ReadyMadeNamesOf(ReadyMade kind) {
  std::vector<std::string> names;
  for (const ReadyMadeFile& file : ReadyMadeFiles()) {
    absl::string_view name = file.name;
    if (absl::ConsumePrefix(&name, FolderOf(kind))) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<NamedText> ReadNamed(ReadyMade kind, const std::string& word) {
  const bool is_path = absl::StrContains(word, "/") || absl::EndsWith(word, ".toml");
  if (!is_path) {
    const std::string name = absl::StrCat(FolderOf(kind), word);
    for (const ReadyMadeFile& file : ReadyMadeFiles()) {
      if (file.name == name) return NamedText{.name = word, .text = std::string(file.text)};
    }
    if (::access(word.c_str(), F_OK) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(word, ": No such file, and no ready-made ",
                       kind == ReadyMade::kProfile ? "profile" : "file of expectations",
                       " of that name; there are: ", absl::StrJoin(ReadyMadeNamesOf(kind), ", ")));
    }
  }
  ASSIGN_OR_RETURN(std::string text, ReadTextFile(word));
  return NamedText{.name = word, .text = std::move(text)};
}

}  // namespace conformance
