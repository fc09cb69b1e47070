// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "oci/spec.h"

namespace oci {

// Names inside a bundle (HARN-01).
inline constexpr absl::string_view kConfigFile = "config.json";
inline constexpr absl::string_view kRootfsDirectory = "rootfs";
inline constexpr absl::string_view kWorkLink = "work";
inline constexpr absl::string_view kLogFifo = "log";

// What containerd puts into a bundle besides config.json and rootfs/.
struct BundleExtras {
  // Absolute path of a directory that `work` shall point to; made (0700) unless it exists. Empty:
  // no link.
  std::string work_directory;
  bool log_fifo = false;  // the FIFO `log`, 0700
};

// Makes the bundle directory `path` as containerd would (HARN-01): config.json (0644), an empty
// rootfs/ (0711), the extras; the directory itself has mode 0700, or 0710 with the host's group of
// container group 0 when the spec has a user namespace with gid mappings (FILE-09). It appears
// complete or not at all; a failure leaves nothing but the work directory. ALREADY_EXISTS if there
// is anything at `path`. Errors name the path they are about.
absl::Status WriteBundle(const std::string& path, const Spec& spec,
                         const BundleExtras& extras = {});

// The text of a bundle's config.json. NOT_FOUND if there is none, RESOURCE_EXHAUSTED beyond
// kJsonBytesMax. Errors name the path, here and below.
absl::StatusOr<std::string> ReadConfig(const std::string& bundle);

// The same, parsed.
absl::StatusOr<Spec> ReadSpec(const std::string& bundle);

}  // namespace oci
