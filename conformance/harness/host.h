// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/child_reaper.h"
#include "conformance/harness/profile.h"
#include "conformance/harness/run_info.h"

namespace conformance {

// The machine as it is now.
HostInfo DescribeHost();

// FAILED_PRECONDITION with what is needed when no run for `profile` is possible here: not root, or
// an engine that is not installed.
absl::Status CheckHostFit(const HostInfo& host, const Profile& profile);

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
