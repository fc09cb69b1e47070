// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference-shim/shim/waiters.h"
#include "task/v3/task.pb.h"

namespace shim {

// The Wait calls pending on one process.
using ExitWaiters = Waiters<containerd::task::v3::WaitResponse>;
using WaitReply = ExitWaiters::Reply;

}  // namespace shim
