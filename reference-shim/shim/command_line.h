// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace shim {

// Makes `words` the command line of this process as others see it (/proc/PID/cmdline), in the place
// of `argv`, which is main()'s: what it points to is overwritten. The place cannot grow: words that
// do not fit are cut, and what is left over reads as empty words.
void ShowCommandLine(int argc, char** argv, const std::vector<std::string>& words);

}  // namespace shim
