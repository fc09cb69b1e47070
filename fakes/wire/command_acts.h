// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <functional>
#include <string>

#include "fakes/wire/command_facts.h"
#include "fakes/wire/wire_rule.h"

namespace fakes {

// What rules do beside editing a command's output.

// `text` in a shell, in our working directory; its output is our stderr. Its exit code.
absl::StatusOr<int> RunInShell(const std::string& text);

// Ends this process of `signo`, without a core.
[[noreturn]] void Die(int signo);

// Tells containerd (TTRPC_ADDRESS) of an event about the container of `facts`, and waits until it
// has answered.
absl::Status Emit(const WireRule& rule, const CommandFacts& facts);

// Does `work` in a process that becomes, and stays, the parent of whatever daemon that leaves.
// Returns what `work` has.
absl::StatusOr<int> KeepParent(const std::function<absl::StatusOr<int>()>& work);

}  // namespace fakes
