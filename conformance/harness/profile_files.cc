// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/profile_files.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "conformance/harness/hypervisor_choice.h"
#include "conformance/harness/profile.h"

namespace conformance {
namespace {

constexpr char kPlaceholder[] = "${hypervisor}";

absl::Status Refuse(absl::string_view option, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat("--", option, ": ", message));
}

// A path stands between double quotes, in the profile within a string of several lines.
absl::Status CheckText(absl::string_view option, const std::string& path) {
  const bool fits = std::none_of(path.begin(), path.end(), [](char c) {
    return c == '"' || c == '\\' || absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
  if (fits && !absl::StrContains(path, kPlaceholder)) return absl::OkStatus();
  return Refuse(option, "a path with quotes, backslashes or control characters cannot be written");
}

bool IsKey(absl::string_view line, absl::string_view key) {
  line = absl::StripLeadingAsciiWhitespace(line);
  return absl::ConsumePrefix(&line, key) &&
         absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "=");
}

using Lines = std::vector<std::string>;

std::string Assignment(absl::string_view key, const std::string& path) {
  return absl::StrCat(key, " = \"", path, "\"");
}

// The only line that gives `key` a value gets `path`.
absl::Status Assign(absl::string_view key, const std::string& path, Lines& lines) {
  if (path.empty()) return absl::OkStatus();
  const auto is_key = [key](const std::string& line) { return IsKey(line, key); };
  const auto found = std::find_if(lines.begin(), lines.end(), is_key);
  if (found == lines.end() || std::any_of(found + 1, lines.end(), is_key)) {
    return Refuse(key, absl::StrCat("expected a profile with one line \"", key, " = …\""));
  }
  *found = Assignment(key, path);
  return absl::OkStatus();
}

void AssignShim(const std::string& path, bool named, Lines& lines) {
  if (path.empty()) return;
  auto table = std::find(lines.begin(), lines.end(), "[shim]");
  if (table == lines.end()) {
    const auto schema = std::find_if(lines.begin(), lines.end(),
                                     [](const std::string& line) { return IsKey(line, "schema"); });
    table = lines.insert(schema + 1, {"", "[shim]"}) + 1;
  }
  const auto is_path = [](const std::string& line) { return IsKey(line, "path"); };
  if (named) {
    *std::find_if(table, lines.end(), is_path) = Assignment("path", path);
  } else {
    lines.insert(table + 1, Assignment("path", path));
  }
}

absl::Status CheckUse(const Profile& profile, const ProfilePaths& paths) {
  for (const auto& [option, path] :
       std::vector<std::pair<const char*, const std::string*>>{{"hypervisor", &paths.hypervisor},
                                                               {"kernel", &paths.kernel},
                                                               {"image", &paths.image},
                                                               {"shim", &paths.shim}}) {
    RETURN_IF_ERROR(CheckText(option, *path));
    if (path == &paths.shim || path->empty() || !profile.vm_config.empty()) continue;
    return Refuse(option, absl::StrCat("shims of ", profile.name, " drive no hypervisor"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FillConfiguration(const Profile& profile, const ProfilePaths& paths) {
  if (profile.vm_config.empty()) return std::string();
  std::string program = paths.hypervisor;
  if (program.empty()) {
    ASSIGN_OR_RETURN(program, FindHypervisor(profile));
    RETURN_IF_ERROR(CheckText("hypervisor", program));
  }
  return absl::StrReplaceAll(profile.vm_config, {{kPlaceholder, program}});
}

}  // namespace

absl::StatusOr<ProfileFiles> MakeProfileFiles(const NamedText& ready, const ProfilePaths& paths) {
  ASSIGN_OR_RETURN(const Profile before, ParseProfile(ready.text, ready.name));
  RETURN_IF_ERROR(CheckUse(before, paths));
  Lines lines = absl::StrSplit(ready.text, '\n');
  RETURN_IF_ERROR(Assign("kernel", paths.kernel, lines));
  RETURN_IF_ERROR(Assign("image", paths.image, lines));
  RETURN_IF_ERROR(Assign("hypervisor", paths.hypervisor, lines));
  AssignShim(paths.shim, !before.shim_path.empty(), lines);
  ProfileFiles files;
  files.profile = absl::StrJoin(lines, "\n");
  ASSIGN_OR_RETURN(const Profile after, ParseProfile(files.profile, ready.name));
  ASSIGN_OR_RETURN(files.configuration, FillConfiguration(after, paths));
  return files;
}

}  // namespace conformance
