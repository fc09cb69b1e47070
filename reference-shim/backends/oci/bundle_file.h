// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

// Reading files of a bundle that may be absent.
namespace backends {

// At most the last `bytes_max` bytes of what follows the first `offset` bytes; empty if there is no
// such file or nothing follows.
std::string ReadTail(const std::string& path, std::size_t offset, std::size_t bytes_max);

// Size of a file, 0 if there is none.
std::size_t FileSize(const std::string& path);

}  // namespace backends
