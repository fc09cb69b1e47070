// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"

namespace benchmarks::vm {

// A stream that blocks, for ten seconds at most. Errors are those of connecting.
absl::StatusOr<base::UniqueFd> ConnectBlocking(const std::string& path);

// One connection to the API of a hypervisor, kept alive; blocks. The least that gets an answer.
class HypervisorApi {
 public:
  // Connects as soon as the program listens at `path`, whose directory exists. DEADLINE_EXCEEDED
  // when it does not come to that.
  static absl::StatusOr<HypervisorApi> Await(const std::string& path);
  // Takes a connected stream that blocks.
  explicit HypervisorApi(base::UniqueFd socket) : socket_(std::move(socket)) {}

  // INTERNAL with what the answer says, unless that is a success. UNAVAILABLE when there is none.
  absl::Status Call(const std::string& method, const std::string& command, const std::string& body);

 private:
  absl::StatusOr<std::string> ReadMore();

  base::UniqueFd socket_;
  base::UniqueFd watch_;  // what Await waited by: to close an inotify takes 10 ms and more
};

}  // namespace benchmarks::vm
