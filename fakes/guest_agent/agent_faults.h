// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "ttrpc/router.h"

namespace fakes {

// What faults do to the agent as a whole. Called from the loop, not within a call.
struct AgentFaultEffects {
  std::function<void()> reset;  // every connection breaks
  std::function<void()> power_off;
};

// The faults of seam `agent` (fakes/fault/agent_fault_infos.cc): stands before services and does to
// each call what faults.json plans for it, with a line in the journal. A faults.json that is wrong
// makes every call fail with its path and what was expected.
class AgentFaults {
 public:
  // `directory` empty: nothing is ever planned. `loop` is borrowed.
  AgentFaults(boost::asio::io_context& loop, std::string directory, AgentFaultEffects effects);
  ~AgentFaults();
  AgentFaults(const AgentFaults&) = delete;
  AgentFaults& operator=(const AgentFaults&) = delete;

  // The same service, with faults. This must outlive the result's calls.
  ttrpc::BoundService Wrap(ttrpc::BoundService service);

 private:
  class Responder;
  struct Call;
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with calls that are held up
};

}  // namespace fakes
