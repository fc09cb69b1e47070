// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/child_reaper.h"
#include "base/log.h"
#include "container/cgroup.h"
#include "fakes/guest_agent/forked_works.h"
#include "fakes/guest_agent/guest_cleaner.h"
#include "fakes/guest_agent/guest_config.h"
#include "fakes/guest_agent/guest_disks.h"
#include "fakes/guest_agent/guest_keeper.h"
#include "fakes/guest_agent/guest_network.h"
#include "fakes/guest_agent/guest_paths.h"
#include "fakes/guest_agent/oom_events.h"
#include "oci/spec.h"

namespace fakes {

// What all parts of one guest share; owned by the agent, which outlives them.
struct GuestContext {
  boost::asio::io_context& loop;
  base::ChildReaper& reaper;
  base::Log& log;
  GuestConfig config;
  GuestPaths paths;
  GuestDisks disks;  // in a process that plays a guest
  GuestNetwork network;
  ForkedWorks works;
  container::CgroupMounts cgroups;  // of this machine; none: containers run without
  std::string cgroup;               // that of the guest, relative to ours
  OomEvents ooms;
  oci::Hooks hooks;                       // the guest's own, for every container
  std::unique_ptr<GuestCleaner> cleaner;  // beside the keeper
  std::unique_ptr<GuestKeeper> keeper;    // nullptr: there is no sandbox
};

}  // namespace fakes
