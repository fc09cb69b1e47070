// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace conformance {

// Who owns the worlds of a run: root of the machine, or root of a user namespace that belongs to
// the caller.
enum class Privilege { kRoot, kUserNamespace };

// "auto" (root if the caller is root), "root", "userns". INVALID_ARGUMENT for other words,
// FAILED_PRECONDITION when root is asked for by somebody else.
absl::StatusOr<Privilege> ChoosePrivilege(const std::string& option);

// Subordinate ids of one kind that the system administrator gave to a user (subuid(5)).
struct IdRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  friend bool operator==(const IdRange&, const IdRange&) = default;
};
// The first range of `user` (or its number `id`) in the text of /etc/subuid or /etc/subgid.
std::optional<IdRange> ParseSubordinateIds(absl::string_view text, const std::string& user,
                                           uid_t id);

// How many users and groups a namespace of the caller can have: 1, or 1 plus its subordinate ids
// when newuidmap(1) and newgidmap(1) are installed.
std::uint32_t MappableIds();

// Moves the calling process, which must have one thread only, into a fresh user namespace whose
// root it becomes; children follow. Returns how many ids are mapped: 0 is the caller, 1 and above
// its subordinate ids, which are left out when the helpers fail. There is no way back.
// FAILED_PRECONDITION with what forbids it.
absl::StatusOr<std::uint32_t> EnterUserNamespace();

}  // namespace conformance
