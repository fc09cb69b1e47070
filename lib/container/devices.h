// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "oci/spec.h"

namespace container {

// Makes the devices every container has (null, zero, full, random, urandom, tty), `devices`, and
// the links of /dev (fd, stdin, stdout, stderr, ptmx) below the directory `root`. Where the kernel
// lets us make no device, as in a user namespace, the host's is bound in its place.
absl::Status MakeDevices(const std::vector<oci::Device>& devices, const std::string& root);

// Inside: of the descriptors 0 to 2, those that are a null device become the one of this root, open
// for reading and writing however the caller had opened his. Nothing happens without a /dev/null.
absl::Status ReopenNull();

}  // namespace container
