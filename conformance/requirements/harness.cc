// SPDX-License-Identifier: Apache-2.0
#include "conformance/requirements/sections.h"

namespace conformance {
namespace {

constexpr absl::string_view kJudge =
    "Binds whoever plays containerd, not the shim: the judge's fake containerd and its clean-up "
    "follow it in every check.";

}  // namespace

void AddHarnessRequirements(std::vector<Requirement>& rows) {
  const std::vector<Requirement> section = {
      {"HARN-01",
       Level::kMust,
       "The bundle holds config.json, rootfs, a link `work` to a private directory, and the FIFO "
       "`log`.",
       "containerd core/runtime/v2/bundle.go",
       {},
       kJudge},
      {"HARN-02",
       Level::kMust,
       "`log` has a reader from before `start` on, and it is drained.",
       "containerd core/runtime/v2/binary.go Start",
       {},
       kJudge},
      {"HARN-03",
       Level::kMust,
       "`start` runs in the bundle with stdout and stderr in one pipe that is read to its end.",
       "containerd core/runtime/v2/binary.go Start",
       {},
       kJudge},
      {"HARN-04",
       Level::kMust,
       "Output FIFOs have readers before Create or Start of an exec.",
       "containerd pkg/cio",
       {},
       kJudge},
      {"HARN-05",
       Level::kMust,
       "A process without terminal gets both output FIFOs or neither.",
       "reference shim, copyPipes",
       {},
       kJudge},
      {"HARN-06",
       Level::kMust,
       "The event service at TTRPC_ADDRESS answers each Forward at once, unless that is the test.",
       "containerd services/events",
       {},
       kJudge},
      {"HARN-07",
       Level::kMust,
       "Clients connect with the user and group of the shim.",
       "ttrpc unixcreds",
       {},
       kJudge},
      {"HARN-08",
       Level::kMust,
       "A connection that closes during Shutdown is a success.",
       "containerd core/runtime/v2/shim.go Shutdown",
       {},
       kJudge},
      {"HARN-09",
       Level::kMust,
       "Every scenario ends with `delete`.",
       "containerd core/runtime/v2/shim_manager.go",
       {},
       kJudge},
      {"HARN-10",
       Level::kMust,
       "Events may arrive after the reply of the call that caused them.",
       "measured",
       {},
       kJudge},
      {"HARN-11",
       Level::kMust,
       "Requests that no containerd sends go to shims that may be lost, in checks of their own.",
       "measured",
       {},
       kJudge},
      {"HARN-12",
       Level::kMust,
       "Ids, cgroups and group names are used once per run.",
       "measured",
       {},
       kJudge},
  };
  rows.insert(rows.end(), section.begin(), section.end());
}

}  // namespace conformance
