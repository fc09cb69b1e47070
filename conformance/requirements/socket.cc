// SPDX-License-Identifier: Apache-2.0
#include "conformance/requirements/sections.h"

namespace conformance {

void AddSocketRequirements(std::vector<Requirement>& rows) {
  const std::vector<Requirement> section = {
      {"SOCK-01", Level::kShould,
       "The address is the hash of containerd address, namespace and group or id, below the socket "
       "directory.",
       "reference shim, pkg/shim CreateSocketAddress"},
      {"SOCK-02", Level::kShould,
       "The socket directory is /run/containerd/s or the given socket_dir.", "reference shim"},
      {"SOCK-03",
       Level::kMay,
       "With debug there may be a second socket for profiling.",
       "reference shim since 2.0",
       {.since = "2.0"}},
      {"SOCK-04", Level::kMust, "Any address is allowed; containerd uses what is returned.",
       "containerd core/runtime/v2/binary.go"},
      {"SOCK-05", Level::kMust, "The path of the socket fits into 106 characters.",
       "containerd pkg/shim/util_unix.go"},
      {"SOCK-06", Level::kShould,
       "The socket has mode 0600; its directory is made private if missing.",
       "reference shim, pkg/shim NewSocket"},
      {"SOCK-07", Level::kShould,
       "No connection is refused between the end of `start` and the readiness of the daemon.",
       "reference shim, listening socket inherited"},
      {"SOCK-08", Level::kShould,
       "The group is named by the runc group annotation, else by the CRI sandbox id, else by the "
       "container id.",
       "reference shim, manager groupLabels"},
      {"SOCK-09", Level::kMust,
       "If a live shim listens at the address, it is returned and no second server is made.",
       "reference shim, manager newShimSocket"},
      {"SOCK-10", Level::kMust,
       "A stale socket or another file at the path is replaced and `start` succeeds.",
       "reference shim, manager newShimSocket"},
      {"SOCK-11", Level::kMust, "A daemon that ends gracefully removes its socket file.",
       "containerd integration test TestShimDoesNotLeakSockets"},
      {"SOCK-12", Level::kShould,
       "Peers of another user or group are disconnected without an answer.",
       "reference shim, ttrpc unixcreds"},
      {"SOCK-13", Level::kMust, "Several connections are served at once, each independently.",
       "containerd: one per container of a group"},
      {"SOCK-14", Level::kMust,
       "Closing a connection affects neither containers nor other connections.",
       "containerd restart"},
      {"SOCK-15", Level::kMust, "The socket accepts reconnects for the daemon's whole life.",
       "containerd core/runtime/v2/shim_load.go"},
      {"SOCK-16", Level::kMay,
       "After SIGKILL of the daemon the socket file remains until the next `start`.",
       "reference shim"},
  };
  rows.insert(rows.end(), section.begin(), section.end());
}

}  // namespace conformance
