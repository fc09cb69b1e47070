// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <list>

#include "reference-shim/shim/exit_record.h"
#include "task/v3/task.pb.h"
#include "ttrpc/reply.h"

namespace shim {

using WaitReply = ttrpc::Reply<containerd::task::v3::WaitResponse>;

// The Wait calls pending on one process. Each is answered exactly once: by Release, or as CANCELLED
// when its client has gone or the process object is destroyed.
class ExitWaiters {
 public:
  ExitWaiters() = default;
  ~ExitWaiters();
  ExitWaiters(const ExitWaiters&) = delete;
  ExitWaiters& operator=(const ExitWaiters&) = delete;

  // Keeps `reply` until the end. With kWaitersMax pending it is answered RESOURCE_EXHAUSTED.
  void Add(WaitReply reply);
  // Answers all of them alike.
  void Release(const absl::StatusOr<containerd::task::v3::WaitResponse>& answer);

  [[nodiscard]] std::size_t size() const { return replies_.size(); }

 private:
  std::list<WaitReply> replies_;
};

}  // namespace shim
