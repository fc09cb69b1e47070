// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace fakes {

// What the wrapped functions know of this process' children.
struct Children {
  std::set<pid_t> spawned;             // engines, loggers: started by us
  std::map<pid_t, std::string> verbs;  // of the engines among them
  std::set<pid_t> followed;            // inits and execs
  std::set<pid_t> left;                // zombies that are never going to be reaped
  pid_t last = 0;                      // of `followed`
  std::int64_t peeked = 0;             // exits seen since the last SIGCHLD
  std::int64_t peeks_max = 0;

  // spawned, adopted, orphan
  [[nodiscard]] std::string KindOf(pid_t pid) const;
};
Children& ChildrenOfThis();

}  // namespace fakes
