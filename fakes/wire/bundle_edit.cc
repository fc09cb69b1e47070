// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/bundle_edit.h"

#include <absl/strings/str_cat.h>

#include <filesystem>
#include <system_error>

#include "fakes/fault/text_file.h"
#include "fakes/spec_edit/spec_edit.h"

namespace fakes {

void EditBundle(const std::string& bundle, const std::string& edit) {
  const absl::StatusOr<SpecEdit> parsed = ParseSpecEdit(edit);
  const std::string path = absl::StrCat(bundle, "/config.json");
  absl::StatusOr<std::string> config = ReadTextFile(path);
  if (!parsed.ok() || !config.ok()) return;
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (!ApplySpecEdit(*parsed, self, *config).value_or(false)) return;
  ReplaceTextFile(path, *config).IgnoreError();
}

}  // namespace fakes
