// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/child_reaper.h"
#include "conformance/harness/check.h"
#include "conformance/harness/engine_choice.h"
#include "conformance/harness/run_info.h"
#include "conformance/harness/user_namespace.h"

namespace conformance {

// The machine as it is now, and what it offers to worlds that `privilege` makes, with an engine of
// that kind. To be asked before EnterUserNamespace.
HostInfo DescribeHost(Privilege privilege, EngineChoice::Kind engine);

// Notes that worlds have so many users and groups.
void SetIds(std::uint32_t ids, HostInfo& host);

// The words for them in lists, comma separated: "cgroups", "engine-cgroups", "many-ids".
std::string HostNeedNames(HostNeeds needs);
// What a check needs from the machine: what its row says, and what follows from the capabilities of
// shims that it uses.
HostNeeds HostNeedsOf(const Check& check);
// Why this machine does not offer the first of `needs` that it lacks, as a sentence; empty: it
// offers all.
std::string WhatIsLacking(const HostInfo& host, HostNeeds needs);

// "root", "user namespace, 1 id", "user namespace, 65537 ids".
std::string DescribePrivilege(const HostInfo& host);

// Whether there is a program of that name in PATH, or at that absolute path.
bool IsInstalled(const std::string& binary);

// Asks an engine for its version (`BINARY --version`), once, within two seconds.
class EngineVersion {
 public:
  using Done = std::function<void(std::string first_line)>;
  // `done` is called once, on the loop, unless this object goes first, which also ends the engine.
  // What went wrong is told in place of a version.
  static std::unique_ptr<EngineVersion> Ask(boost::asio::io_context& loop,
                                            base::ChildReaper& reaper, const std::string& binary,
                                            Done done);
  ~EngineVersion();
  EngineVersion(const EngineVersion&) = delete;
  EngineVersion& operator=(const EngineVersion&) = delete;

 private:
  struct Impl;
  explicit EngineVersion(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // the other owner: handlers in flight on the loop
};

}  // namespace conformance
