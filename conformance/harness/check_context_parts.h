// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/harness/check_context_bundles.h"
#include "conformance/harness/check_context_scope.h"
#include "conformance/harness/event_sink.h"
#include "conformance/harness/shim_under_test_commands.h"
#include "conformance/harness/shim_under_test_connection.h"
#include "conformance/harness/shim_under_test_daemons.h"
#include "conformance/harness/task_impl.h"

namespace conformance {

// Everything a check has made so far: what its context works on and what clean-up takes apart.
// Members are destroyed in reverse order, so each may refer to those above it.
struct CheckParts {
  explicit CheckParts(CheckScope& check_scope)
      : scope(check_scope),
        sink(check_scope),
        daemons(check_scope),
        bundles(check_scope),
        commands(check_scope, sink.address()) {}

  // A further connection, over the forced task version if there is one. UNIMPLEMENTED for address
  // forms this judge does not dial.
  absl::StatusOr<ShimConnection*> Connect(const std::string& address, int task_version);
  // An open connection to the daemon at `address` among those there are; nullptr if none.
  [[nodiscard]] ShimConnection* OpenConnectionTo(const std::string& address) const;

  CheckScope& scope;
  RecordingSink sink;
  DaemonTable daemons;
  BundleStore bundles;
  ShimCommands commands;
  std::optional<int> forced_task_version;
  std::vector<std::string> addresses;                        // of every usable `start`, once each
  std::vector<std::unique_ptr<ShimConnection>> connections;  // index = number()
  std::vector<std::shared_ptr<Task::Impl>> tasks;            // shared with the check's handles
};

}  // namespace conformance
