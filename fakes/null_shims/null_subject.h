// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "ttrpc/envelope.h"
#include "ttrpc/server_session.h"

// Programs that are no shims, to be taken for one: no check of a rule that shims MUST keep may pass
// on any of them.
namespace fakes {

// One client of a daemon that is none.
struct NullPeer {
  base::UniqueFd socket;
  ttrpc::ServerSession session;
  base::UniqueFd elsewhere;  // where answers go that the client shall not get
};

struct NullSubject {
  absl::string_view name;  // of [a-z0-9-]
  absl::string_view what;  // what it does, in a few words

  // Every command is this, whatever the arguments; returns the exit code. nullptr: the commands are
  // those of a real shim (null_commands.h), and `start` leaves a daemon that is none.
  int (*program)() = nullptr;

  // The daemon. Both absent: it ends at once. Each returns whether the connection stays open.
  bool (*accepted)(NullPeer& peer) = nullptr;
  bool (*readable)(NullPeer& peer) = nullptr;  // nullptr: nothing is ever read
};

const std::vector<NullSubject>& NullSubjects();
// nullptr: no such.
const NullSubject* FindNullSubject(absl::string_view name);

}  // namespace fakes
