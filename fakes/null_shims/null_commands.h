// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "fakes/null_shims/null_subject.h"

namespace fakes {

// The descriptor at which a daemon finds its listening socket, and the word that makes it one.
inline constexpr int kNullListenerFd = 3;
inline constexpr char kNullServe[] = "--serve";

// The commands of a shim, as the contract wants them, for a shim that can do nothing else: `start`
// claims the socket of the group and spawns this program with `--serve` behind it, `delete` knows
// of no container, `-v` and `-info` name the subject. `args` are those that containerd gives.
// Returns the exit code.
int RunNullCommand(const NullSubject& subject, const std::vector<std::string>& args);

}  // namespace fakes
