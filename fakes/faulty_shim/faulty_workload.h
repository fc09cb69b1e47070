// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "fakes/faulty_shim/fault_plan.h"
#include "reference-shim/shim/backend.h"

namespace fakes {

// What the faulty backend's objects share. `retired` are workloads that the shim believes to be
// gone while they still work, `unanswered` are calls that never end.
struct FaultyHost {
  boost::asio::io_context& loop;
  FaultPlan& plan;
  std::string name_space;
  std::vector<std::shared_ptr<shim::Workload>> retired;
  std::vector<shim::Done<>> unanswered;
};

// `on_exit` as the rules about exits of `of` (init, exec) would have it.
shim::ExitCallback MakeFaultyExit(FaultyHost& host, const std::string& of,
                                  shim::ExitCallback on_exit);

// Runs `work` after `ms` milliseconds of the loop.
void Later(FaultyHost& host, std::int64_t ms, std::function<void()> work);

// The rules around one container and its execs. `host` is borrowed.
std::unique_ptr<shim::Workload> MakeFaultyWorkload(FaultyHost& host, std::string id,
                                                   std::unique_ptr<shim::Workload> real,
                                                   const shim::ExitCallback& on_exit);

}  // namespace fakes
