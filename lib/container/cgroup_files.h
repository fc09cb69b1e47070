// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>
#include <vector>

#include "container/cgroup_stats.h"

// How single files of a cgroup read; pure functions of their text. A line that is not of the form
// is left out, as a newer kernel may have more to say.
namespace container {

// "max" is the largest number; text that is no number is `otherwise`.
std::uint64_t ParseCount(absl::string_view text, std::uint64_t otherwise = 0);

// "name value" per line.
NamedCounts ParseNamedCounts(absl::string_view text);

// v1 blkio: "8:0 Read 4096", or "8:0 4096" without an operation; the "Total" line has no device.
std::vector<BlockIoEntry> ParseBlockIo(absl::string_view text);

// rdma.current and rdma.max: "mlx4_0 hca_handle=2 hca_object=max".
std::vector<RdmaStats> ParseRdma(absl::string_view text);

// v2 io.stat: "8:0 rbytes=1 wbytes=2".
std::vector<CgroupV2Stats::IoEntry> ParseIoStat(absl::string_view text);

// v2 *.pressure: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", then "full ...".
CgroupV2Stats::PressurePair ParsePressure(absl::string_view text);

// Text of `directory`/`name`, empty if it cannot be read or `directory` is empty.
std::string TextOf(const std::string& directory, absl::string_view name);

// Page sizes for which `directory` has a file hugetlb.SIZE.`suffix`, sorted.
std::vector<std::string> HugetlbPageSizes(const std::string& directory, absl::string_view suffix);

}  // namespace container
