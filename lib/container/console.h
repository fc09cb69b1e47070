// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"
#include "oci/spec.h"

namespace container {

// A connection to the unix socket at `path` on which somebody waits for a console.
absl::StatusOr<base::UniqueFd> ConnectConsoleSocket(const std::string& path);

// Who shall have the console besides descriptors 0, 1 and 2.
enum class ConsoleDevice {
  kNone,
  kMount,  // it also becomes /dev/console
};

// Makes a pseudo terminal of the /dev/pts that this process sees, sends its master over `socket`
// with one SCM_RIGHTS message, and makes the slave 0, 1, 2 and the controlling terminal of this
// session leader. The slave gets the process's user and size.
absl::Status BecomeConsole(const base::UniqueFd& socket, const oci::Process& process,
                           ConsoleDevice device);

}  // namespace container
