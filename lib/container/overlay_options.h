// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace container {

// Mount data, and the directory it has to be used from.
struct OverlayData {
  std::string directory;  // empty: any
  std::string data;       // joined with commas
  friend bool operator==(const OverlayData&, const OverlayData&) = default;
};

// Shortens the data of an overlay mount by naming the lower directories relative to the deepest
// directory that holds them all. Left alone when there is no lowerdir=, or a relative one.
OverlayData ShortenLowerDirs(const std::vector<std::string>& options);

}  // namespace container
