// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fakes/fault/fault_rule.h"

namespace fakes {

// Calls that a fault holds up: each by the id of its rule. Whoever may release them does so by
// control socket; the others go on when their gate opens or their time is over.
class HeldCalls {
 public:
  explicit HeldCalls(boost::asio::io_context& loop);
  ~HeldCalls();  // none goes on
  HeldCalls(const HeldCalls&) = delete;
  HeldCalls& operator=(const HeldCalls&) = delete;

  // Calls `go_on` once, from the loop: when the rule's gate opens or its time has passed (a rule
  // with neither waits for Release). A gate that cannot be watched holds nobody.
  void Hold(const FaultRule& rule, std::function<void()> go_on);

  // Lets all calls go on that the rule holds; how many there were.
  std::size_t Release(absl::string_view rule);

  [[nodiscard]] std::vector<std::string> Rules() const;  // an id per held call

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the waits under way
};

}  // namespace fakes
