// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace fakes {

// The word in argv[1] that makes this program stand before a hook.
inline constexpr char kHookWord[] = "--hook";

// What it can do there:
//   ignore-failure   the hook's failure is none
//   fail             a hook that succeeds fails, after it has run
//   skip             the hook does not run
//   twice            it runs twice
//   no-input         its standard input is empty
//   no-environment   it gets none
//   own-name         argv[0] is its path
//   directory DIR    it runs there
//   background       it is not waited for
//   lost-directory   it runs in a directory that is gone
//   insist-on-input  it fails if it leaves any of its standard input unread
//   unread-output    nobody reads its standard output and error
//   engine-output    its standard output is the engine's own, which is the container's
//   outlive          it goes on when it is ended
//   input EDIT       EDIT (json_edit.h) of the state on its standard input
//   cut-input N      it gets no more than N bytes of it
// INVALID_ARGUMENT says what was expected.
absl::Status CheckHookWrapper(absl::string_view action);

// The arguments of an OCI hook that has this program before it; `argv` is the hook's own.
std::vector<std::string> WrappedHook(const std::string& action, const std::string& path,
                                     const std::vector<std::string>& argv);

// Runs as the hook: `words` is argv from kHookWord on. Returns the exit code.
int RunHookWrapper(const std::vector<std::string>& words);

}  // namespace fakes
