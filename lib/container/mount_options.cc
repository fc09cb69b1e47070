// SPDX-License-Identifier: Apache-2.0
#include "container/mount_options.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <sys/mount.h>

#include <algorithm>
#include <iterator>

namespace container {
namespace {

struct FlagWord {
  absl::string_view word;
  unsigned long set;
  unsigned long clear;
};

constexpr FlagWord kFlagWords[] = {
    {"async", 0, MS_SYNCHRONOUS},
    {"atime", 0, MS_NOATIME},
    {"bind", MS_BIND, 0},
    {"defaults", 0, 0},
    {"dev", 0, MS_NODEV},
    {"diratime", 0, MS_NODIRATIME},
    {"dirsync", MS_DIRSYNC, 0},
    {"exec", 0, MS_NOEXEC},
    {"mand", MS_MANDLOCK, 0},
    {"noatime", MS_NOATIME, 0},
    {"nodev", MS_NODEV, 0},
    {"nodiratime", MS_NODIRATIME, 0},
    {"noexec", MS_NOEXEC, 0},
    {"nomand", 0, MS_MANDLOCK},
    {"norelatime", 0, MS_RELATIME},
    {"nostrictatime", 0, MS_STRICTATIME},
    {"nosuid", MS_NOSUID, 0},
    {"rbind", MS_BIND | MS_REC, 0},
    {"relatime", MS_RELATIME, 0},
    {"remount", MS_REMOUNT, 0},
    {"ro", MS_RDONLY, 0},
    {"rw", 0, MS_RDONLY},
    {"strictatime", MS_STRICTATIME, 0},
    {"suid", 0, MS_NOSUID},
    {"sync", MS_SYNCHRONOUS, 0},
};

constexpr FlagWord kPropagationWords[] = {
    {"private", MS_PRIVATE, 0},       {"rprivate", MS_PRIVATE | MS_REC, 0},
    {"shared", MS_SHARED, 0},         {"rshared", MS_SHARED | MS_REC, 0},
    {"slave", MS_SLAVE, 0},           {"rslave", MS_SLAVE | MS_REC, 0},
    {"unbindable", MS_UNBINDABLE, 0}, {"runbindable", MS_UNBINDABLE | MS_REC, 0},
};

template <std::size_t size>
const FlagWord* Find(const FlagWord (&words)[size], absl::string_view word) {
  const auto* found = std::find_if(std::begin(words), std::end(words),
                                   [word](const FlagWord& known) { return known.word == word; });
  return found == std::end(words) ? nullptr : found;
}

bool IsForSomeoneElse(absl::string_view word) {
  return word == "loop" || absl::StartsWith(word, "X-containerd.") ||
         absl::StartsWith(word, "uidmap=") || absl::StartsWith(word, "gidmap=");
}

}  // namespace

absl::StatusOr<MountOptions> ParseMountOptions(const std::vector<std::string>& options) {
  MountOptions parsed;
  for (const std::string& word : options) {
    if (word.empty()) continue;
    if (IsForSomeoneElse(word)) {
      return absl::InvalidArgumentError(
          absl::StrCat("mount option \"", word, "\" is not supported"));
    }
    if (const FlagWord* flag = Find(kFlagWords, word); flag != nullptr) {
      parsed.flags = (parsed.flags & ~flag->clear) | flag->set;
    } else if (const FlagWord* mode = Find(kPropagationWords, word); mode != nullptr) {
      parsed.propagation = mode->set;
    } else {
      parsed.data.push_back(word);
    }
  }
  return parsed;
}

}  // namespace container
