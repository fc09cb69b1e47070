// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace fakes {

// Containers that ran out of memory, and who waits to be told. Each event goes to one of them.
class OomEvents {
 public:
  using Done = absl::AnyInvocable<void(std::string container)>;

  void Push(const std::string& container);
  // The number names the wait for Cancel(); 0: it was answered at once.
  std::uint64_t Await(Done done);
  void Cancel(std::uint64_t wait) { waits_.erase(wait); }
  // A container that is gone has no events any more.
  void Forget(const std::string& container);
  // There are no containers any more; who waits still waits.
  void Clear() { events_.clear(); }

 private:
  std::deque<std::string> events_;
  std::map<std::uint64_t, Done> waits_;
  std::uint64_t last_wait_ = 0;
};

}  // namespace fakes
