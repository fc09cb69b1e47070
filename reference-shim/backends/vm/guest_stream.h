// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <functional>
#include <string>

#include "base/unique_fd.h"
#include "reference-shim/backends/vm/agent.h"
#include "reference-shim/shim/callback_guard.h"

namespace backends {

// A descriptor of a process's stdio that is copied from or to: a FIFO, pipe, socket, file or
// device. It is made non-blocking; the loop is asked only where the kernel says "not now", which
// files and /dev/null never do.
class StdioDescriptor {
 public:
  StdioDescriptor(boost::asio::io_context& loop, base::UniqueFd fd);
  ~StdioDescriptor();
  StdioDescriptor(const StdioDescriptor&) = delete;
  StdioDescriptor& operator=(const StdioDescriptor&) = delete;

  [[nodiscard]] int get() const { return fd_.get(); }
  void AwaitReadable(std::function<void()> ready);
  void AwaitWritable(std::function<void()> ready);

 private:
  using Wait = boost::asio::posix::stream_descriptor::wait_type;
  void Await(Wait what, std::function<void()> ready);

  boost::asio::posix::stream_descriptor waiter_;  // borrows fd_
  base::UniqueFd fd_;
  shim::CallbackGuard guard_;
};

// Copies one output of a process in the guest to a descriptor: one ReadStdout or ReadStderr at a
// time, the next only when the data has been written, so that a client that does not read slows the
// process. What a full disk refuses is lost; reading goes on.
class GuestOutputCopy {
 public:
  // `loop` and `agent` are borrowed. `changed` runs from the loop when data has come, when the end
  // has come or nothing can be read any more, and when all was written; it may destroy this. Once
  // all is written the descriptor is closed.
  GuestOutputCopy(boost::asio::io_context& loop, Agent& agent, GuestProcessKey process,
                  GuestOutput output, base::UniqueFd sink, std::function<void()> changed);

  void Run() { Read(); }
  // The process has ended: what it has left is read without waiting for the client, up to
  // kUnwrittenBytesMax.
  void Hurry();
  // Nothing is read from now on; what was read is still written.
  void StopReading();

  // There is nothing more to read.
  [[nodiscard]] bool ended() const { return ended_; }
  // No read is on its way, since the client has not taken what came before.
  [[nodiscard]] bool behind() const { return !ended_ && !reading_; }
  // All has been written.
  [[nodiscard]] bool written() const { return sink_ == nullptr; }

 private:
  void Read();
  void OnRead(absl::StatusOr<std::string> data);
  void Write();

  Agent& agent_;
  GuestProcessKey process_;
  GuestOutput output_;
  std::unique_ptr<StdioDescriptor> sink_;
  std::string data_;  // not written yet from written_ on
  std::size_t written_ = 0;
  bool hurried_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool ended_ = false;
  std::function<void()> changed_;
  shim::CallbackGuard read_guard_;
  shim::CallbackGuard write_guard_;
};

// Copies a descriptor to the stdin of a process in the guest, one WriteStdin at a time, and its end
// as CloseStdin.
class GuestInputCopy {
 public:
  // `loop` and `agent` are borrowed.
  GuestInputCopy(boost::asio::io_context& loop, Agent& agent, GuestProcessKey process,
                 base::UniqueFd source);

  void Run();

 private:
  void Read();
  void Write();
  void Stop() { source_.reset(); }

  Agent& agent_;
  GuestProcessKey process_;
  std::unique_ptr<StdioDescriptor> source_;
  std::string data_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
