// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "fakes/containerd/pipe_reader.h"
#include "fakes/containerd/pipe_writer.h"

namespace fakes {

struct FifoSetOptions {
  bool standard_input = false;  // make a stdin FIFO and hold its writing end
  bool standard_output = true;
  bool standard_error = true;
  bool readers = true;  // open the reading ends of what is made
};

// The client's side of one process' stdio: FIFOs as containerd's clients make them (IO-14), their
// ends opened before any call is made (HARN-04), the outputs read from the loop as they arrive.
// Paths of streams that do not exist are empty. Nothing is unlinked: the directory is the world's.
class FifoSet {
 public:
  // What arrived on one output. `bytes` stops growing at kCollectedBytesMax, `total` does not.
  struct Output {
    std::string path;
    std::string bytes;
    std::size_t total = 0;
    bool ended = false;  // EOF seen since the reader was last opened
    std::unique_ptr<PipeReader> reader;
  };

  // Makes <directory>/<name>-stdin, -stdout and -stderr (0700).
  static absl::StatusOr<std::unique_ptr<FifoSet>> Create(boost::asio::io_context& loop,
                                                         const std::string& directory,
                                                         const std::string& name,
                                                         const FifoSetOptions& options);
  FifoSet(const FifoSet&) = delete;
  FifoSet& operator=(const FifoSet&) = delete;

  [[nodiscard]] const std::string& input_path() const { return input_path_; }
  [[nodiscard]] const Output& output() const { return output_; }
  [[nodiscard]] const Output& error() const { return error_; }
  // No reader is open that has not seen EOF.
  [[nodiscard]] bool AllEnded() const;

  // FAILED_PRECONDITION (through `done`) when the writing end is closed. What nobody has read yet
  // stays in the FIFO, also while no reader exists.
  void WriteInput(std::string bytes, PipeWriter::Done done);
  void CloseInput() { input_.reset(); }
  absl::Status ReopenInput();
  void CloseReaders();
  void PauseReading();
  // Resumes paused readers, opens closed or ended ones again.
  absl::Status ReopenReaders();

 private:
  explicit FifoSet(boost::asio::io_context& loop) : loop_(loop) {}
  absl::Status OpenReader(Output& output);

  boost::asio::io_context& loop_;
  std::string input_path_;
  std::unique_ptr<PipeWriter> input_;
  Output output_;
  Output error_;
};

}  // namespace fakes
