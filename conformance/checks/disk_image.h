// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/loop_device.h"
#include "conformance/harness/check_context.h"

namespace conformance {

// A disk of a few blocks with an empty ext2 on it, which every Linux mounts as ext4: a file behind
// a loop device.
class DiskImage {
 public:
  // Skips the check where no loop device can be had.
  explicit DiskImage(CheckContext& check);

  [[nodiscard]] const std::string& device() const { return loop_.path; }
  // Whether it holds these bytes anywhere.
  [[nodiscard]] bool Holds(const std::string& bytes) const;
  // Whether somebody has it mounted.
  [[nodiscard]] bool InUse() const;

 private:
  std::string file_;
  base::LoopDevice loop_;
};

// A file system that is as small as it can be, and empty.
std::string EmptyExt2();

}  // namespace conformance
