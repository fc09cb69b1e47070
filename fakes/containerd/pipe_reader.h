// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/unique_fd.h"

namespace fakes {

// Reads a pipe or FIFO from `loop` for as long as this object lives. A FIFO nobody has opened for
// writing yet is not at its end. The end is reported once, and ends reading; it also stands for a
// read error, which a pipe does not have in practice.
//
// Callbacks run from the loop (and from Drain), one at a time, and may destroy the reader; after
// the destructor none runs any more. Destroy before `loop`.
class PipeReader {
 public:
  using OnData = std::function<void(absl::string_view bytes)>;
  using OnEnd = std::function<void()>;

  // `fd` must be non-blocking.
  PipeReader(boost::asio::io_context& loop, base::UniqueFd fd, OnData on_data, OnEnd on_end);
  ~PipeReader();
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;

  // Stays open without reading until Resume(). Idempotent.
  void Pause();
  void Resume();
  // Reads what is there right now, as if the loop had run.
  void Drain();
  // The end was seen.
  [[nodiscard]] bool ended() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the handler that is pending or running
};

}  // namespace fakes
