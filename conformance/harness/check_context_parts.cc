// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_context_parts.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace conformance {

absl::StatusOr<ShimConnection*> CheckParts::Connect(const std::string& address, int task_version) {
  ASSIGN_OR_RETURN(base::UniqueFd socket, Dial(address));
  const std::size_t number = connections.size();
  scope.history().Add(HistoryEntry::Lane::kRpc,
                      absl::StrCat("connection ", number, " to ", address));
  connections.push_back(std::make_unique<ShimConnection>(scope, daemons, number, address,
                                                         forced_task_version.value_or(task_version),
                                                         std::move(socket)));
  if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
    addresses.push_back(address);
  }
  return connections.back().get();
}

ShimConnection* CheckParts::OpenConnectionTo(const std::string& address) const {
  for (const auto& connection : connections) {
    if (connection->address() == address && connection->connected()) return connection.get();
  }
  return nullptr;
}

}  // namespace conformance
