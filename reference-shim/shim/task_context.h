// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <string>

#include "base/child_reaper.h"
#include "base/log.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/event_queue.h"
#include "reference-shim/shim/rootfs.h"

namespace shim {

// What every task of one daemon works with. All borrowed; they outlive the tasks.
struct TaskContext {
  boost::asio::io_context& loop;
  base::ChildReaper& reaper;
  base::Log& log;
  Backend& backend;
  Rootfs& rootfs;
  EventQueue& events;
  std::string namespace_name;  // containerd's, from -namespace
};

// Owner of the FIFOs and pipes of a container's processes (CREATE-18); 0, 0 leaves them alone.
struct IoOwner {
  uid_t uid = 0;
  gid_t gid = 0;
};

// A failure of the engine or of the host, as a client is to see it: NOT_FOUND, ALREADY_EXISTS,
// UNIMPLEMENTED and UNAVAILABLE would be read as statements about the task or the shim (TT-21,
// VERS-04), so these become UNKNOWN with the same text (TT-22).
inline absl::Status EngineFailure(absl::Status status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnavailable:
      return absl::UnknownError(status.message());
    default:
      return status;
  }
}

}  // namespace shim
