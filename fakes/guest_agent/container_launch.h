// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "container/cgroup.h"
#include "fakes/guest_agent/guest_keeper.h"
#include "fakes/guest_agent/guest_process.h"
#include "fakes/guest_agent/sync_talk.h"
#include "oci/spec.h"

namespace fakes {

// A process that was forked to become one of a container, as container/container_init.h has it, and
// waits for its first kGo.
struct Launched {
  pid_t pid = -1;
  std::unique_ptr<SyncTalk> talk;
  GuestStdio stdio;        // the ends for the process are closed here already
  base::UniqueFd console;  // where a terminal's master will arrive; !ok(): there is none
};

// The first process. `spec`: paths as this process sees them; its namespaces as the protocol has
// them, pid only if it is to be a new one. Id mappings are written.
absl::StatusOr<Launched> LaunchInit(boost::asio::io_context& loop, const GuestKeeper& keeper,
                                    const oci::Spec& spec, const std::string& id,
                                    const std::string& bundle, const container::Cgroup& cgroup);

// Another one, beside the living `init`.
absl::StatusOr<Launched> LaunchExec(boost::asio::io_context& loop, pid_t init,
                                    const oci::Process& process, const oci::Spec& spec,
                                    const std::string& id, const container::Cgroup& cgroup);

// The terminal that has arrived at Launched::console. UNAVAILABLE if none has.
absl::StatusOr<base::UniqueFd> TakeTerminal(const base::UniqueFd& console);

}  // namespace fakes
