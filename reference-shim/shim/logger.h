// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/child_reaper.h"
#include "base/spawn.h"
#include "base/unique_fd.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/stdio_uri.h"

namespace shim {

struct LoggerSpec {
  StdioUri uri;
  std::string id;              // container id, or exec id for an exec (IO-22)
  std::string namespace_name;  // containerd's
};

// A logging program (binary:// or binary-v2://) that reads one process' output from pipes: fd 3 is
// stdout, fd 4 stderr, on fd 5 it reports that it is ready. It outlives a shim that dies.
// Destroying it kills a program that still runs.
class Logger {
 public:
  // `loop` and `reaper` are borrowed.
  Logger(boost::asio::io_context& loop, base::ChildReaper& reaper);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  // Starts the program on borrowed read ends; call once. `ready` comes later from the loop: OK
  // after a byte or, with binary, after end of file; an error when there is no such program, when a
  // binary-v2 ended without a byte (IO-24), or after kLoggerReadyTimeout. Not after destruction.
  void Start(const LoggerSpec& spec, int out, int err, Done<> ready);

  // Call when no writer is left, or none is waited for any more. Lets the program finish what it
  // reads, then urges it (SIGTERM, SIGKILL; IO-25). `ended` comes once it has been reaped, at once
  // if it is gone already; not after destruction.
  void Stop(std::function<void()> ended);

 private:
  absl::Status Spawn(const LoggerSpec& spec, int out, int err);
  void AwaitReady();
  void ReportReady(absl::Status status);
  void OnReadable();
  void OnExit();
  void Urge(int signo);
  void Send(int signo);

  base::ChildReaper& reaper_;
  StdioUri uri_;
  boost::asio::posix::stream_descriptor ready_pipe_;
  Deadline deadline_;
  base::Child child_;
  base::ChildReaper::Watch exit_;
  bool running_ = false;
  Done<> ready_;
  std::function<void()> ended_;
  CallbackGuard guard_;
};

}  // namespace shim
