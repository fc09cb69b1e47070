// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "fakes/wire/frame_splitter.h"
#include "ttrpc/connection.h"
#include "ttrpc/output_queue.h"

namespace fakes {

// One of the two connections of a link: cuts what it receives into pieces, sends what it is given.
// Make with std::make_shared; pending operations share it.
class RelayEnd : public ttrpc::ConnectionHandler {
 public:
  struct Callbacks {
    std::function<void(FrameSplitter::Piece piece)> on_piece;
    // The peer has gone; `rest` are bytes of a frame it did not finish. Not after Close().
    std::function<void(std::string rest)> on_lost;
  };
  explicit RelayEnd(boost::asio::io_context& loop) : connection_(loop, *this, output_) {}

  absl::Status Start(base::UniqueFd socket, Callbacks callbacks);
  void Send(std::string bytes);
  // Once all is sent. Nothing is received any more.
  void CloseWhenSent();
  void Close();
  [[nodiscard]] bool closed() const { return connection_.closed() || closing_; }

  // ttrpc::ConnectionHandler:
  absl::Span<char> Prepare() override { return splitter_.Prepare(); }
  void OnReceived(std::size_t bytes) override;
  void OnDeadline(ttrpc::Clock::time_point) override {}
  void OnFlushed() override;
  void OnLost(const absl::Status& reason) override;

 private:
  FrameSplitter splitter_;
  ttrpc::OutputQueue output_;
  ttrpc::Connection connection_;
  Callbacks callbacks_;
  bool closing_ = false;
};

}  // namespace fakes
