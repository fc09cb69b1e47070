// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>

namespace fakes {

// Where one bundle goes and what is in it (HARN-01).
struct BundleRequest {
  std::string path;            // does not exist yet, its parent does
  std::string work_directory;  // what `work` links to; created (0711), its parent exists
  std::string config_json;     // empty: no config.json (START-09)
  bool log_fifo = true;
};

// Makes the bundle directory (0700) with config.json, rootfs/ (0711), the `work` symlink and the
// `log` FIFO (0700), all independent of the umask. What was made stays on failure: it lies in a
// world that is thrown away.
absl::Status MakeBundle(const BundleRequest& request);

// mkdir and chmod: `mode` holds whatever the umask is. ALREADY_EXISTS when the path is taken.
absl::Status MakeDirectory(const std::string& path, unsigned mode);

// Creates or replaces a file of mode 0644.
absl::Status WriteTextFile(const std::string& path, const std::string& text);

}  // namespace fakes
