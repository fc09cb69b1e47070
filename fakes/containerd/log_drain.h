// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "fakes/containerd/pipe_reader.h"

namespace fakes {

// containerd's end of a bundle's `log` FIFO: open for reading and writing before `start` runs, so
// that a shim never blocks opening it, and read all the time (HARN-02).
class LogDrain {
 public:
  using OnLine = std::function<void(const std::string& line)>;  // without the newline

  // Opens the existing FIFO `path`. `on_line` runs from `loop` and from Drain.
  static absl::StatusOr<std::unique_ptr<LogDrain>> Open(boost::asio::io_context& loop,
                                                        const std::string& path, OnLine on_line);
  ~LogDrain();  // an unfinished last line is reported first

  void Drain() { reader_->Drain(); }
  // Stay open without reading, so that the FIFO fills up (FILE-05).
  void Pause() { reader_->Pause(); }
  void Resume() { reader_->Resume(); }

 private:
  LogDrain(boost::asio::io_context& loop, base::UniqueFd fd, OnLine on_line);
  void Append(absl::string_view bytes);

  OnLine on_line_;
  std::string unfinished_;
  std::unique_ptr<PipeReader> reader_;
};

}  // namespace fakes
