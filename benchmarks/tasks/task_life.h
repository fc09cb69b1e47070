// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/tasks/shim_session.h"

namespace benchmarks::tasks {

// When what happened, as whoever calls the shim sees it.
struct TaskTimes {
  Time create_sent, created;
  Time start_sent, started;
  Time first_output;  // of its stdout
  Time exited;        // the answer of Wait
  Time delete_sent, deleted;
};

// What Create brings for the runtime: a message by its type. Without a type there is none.
struct RuntimeOptions {
  std::string type_url;
  std::string value;  // serialized
};

// One container of a shim, called as containerd does: Create; Wait and Start together; Delete.
class TaskLife {
 public:
  struct Order {
    std::string id;
    std::vector<std::string> args;
    bool mounts_root = false;  // Create brings a bind mount for the rootfs
    RuntimeOptions options{};
  };
  using Done = std::function<void(absl::Status)>;

  // `session` is borrowed.
  TaskLife(ShimSession& session, Order order);
  TaskLife(const TaskLife&) = delete;
  TaskLife& operator=(const TaskLife&) = delete;

  // Bundle and FIFOs; no part of any figure.
  absl::Status Prepare();

  // One after the other; `done` comes from the loop.
  void Create(Done done);
  // Until it has ended.
  void StartAndWait(Done done);
  // Until it runs; for one that does not end by itself.
  void Start(Done done);
  void KillAndWait(Done done);
  void Delete(Done done);
  // Create, StartAndWait, Delete.
  void Run(Done done);

  [[nodiscard]] boost::asio::io_context& loop() { return session_.loop(); }
  [[nodiscard]] const TaskTimes& times() const { return times_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] unsigned exit_status() const { return exit_status_; }
  // What it has written to stderr so far.
  std::string TakeErrors();

 private:
  void Wait(Done done);
  void WatchOutput();
  [[nodiscard]] std::string IdRequest() const;

  ShimSession& session_;
  Order order_;
  std::string bundle_;
  boost::asio::posix::stream_descriptor output_;
  boost::asio::posix::stream_descriptor errors_;
  TaskTimes times_;
  pid_t pid_ = -1;
  unsigned exit_status_ = 0;
};

// Runs `loop` until `step` has called back, and returns what it was told.
absl::Status Await(boost::asio::io_context& loop, const std::function<void(TaskLife::Done)>& step);

// Runs a container that is prepared to its end. INTERNAL if it does not end with 0.
absl::Status RunToEnd(TaskLife& task);

}  // namespace benchmarks::tasks
