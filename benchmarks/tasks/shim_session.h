// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "benchmarks/tasks/place.h"

namespace benchmarks::tasks {

// A shim that serves any number of containers, from `start` to the end of its process.
class ShimSession {
 public:
  struct Order {
    std::string shim;  // path
    std::string id;    // what `start` is told
    std::map<std::string, std::string> env;
    std::string events;  // socket of the event sink; nobody has to listen
  };
  using Done = std::function<void(absl::StatusOr<std::string>)>;

  // All but `order` borrowed. Runs `start`, connects, and asks for the pid.
  static absl::StatusOr<std::unique_ptr<ShimSession>> Start(boost::asio::io_context& loop,
                                                            const Place& place, Order order);
  // Ends the shim, by force.
  ~ShimSession();
  ShimSession(const ShimSession&) = delete;
  ShimSession& operator=(const ShimSession&) = delete;

  // A method of its Task service; `done` comes from the loop.
  void Call(const std::string& method, const std::string& payload, Done done);

  [[nodiscard]] boost::asio::io_context& loop();
  [[nodiscard]] const Place& place() const;
  [[nodiscard]] pid_t pid() const;
  // From the execution of `start` to its address, and on to the first answer.
  [[nodiscard]] Clock::duration start_took() const;
  [[nodiscard]] Clock::duration first_answer_took() const;

 private:
  struct Impl;
  explicit ShimSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Runs `loop` until `done()`. UNAVAILABLE after a minute.
absl::Status RunUntil(boost::asio::io_context& loop, const std::function<bool()>& done);

}  // namespace benchmarks::tasks
