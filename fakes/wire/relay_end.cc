// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/relay_end.h"

#include <utility>

namespace fakes {

absl::Status RelayEnd::Start(base::UniqueFd socket, Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  return connection_.Start(std::move(socket));
}

void RelayEnd::Send(std::string bytes) {
  if (bytes.empty() || closed()) return;
  output_.Push(std::move(bytes));
  connection_.Flush();
}

void RelayEnd::CloseWhenSent() {
  if (closed()) return;
  closing_ = true;
  callbacks_ = {};
  connection_.Flush();
  if (output_.empty()) connection_.Close();
}

void RelayEnd::Close() {
  callbacks_ = {};
  connection_.Close();
}

void RelayEnd::OnReceived(std::size_t bytes) {
  if (closing_) return;
  splitter_.Commit(bytes);
  while (!closed()) {
    std::optional<FrameSplitter::Piece> piece = splitter_.Next();
    if (!piece) return;
    // It may be the callback that ends this connection, and with it itself.
    const auto on_piece = callbacks_.on_piece;
    on_piece(*std::move(piece));
  }
}

void RelayEnd::OnFlushed() {
  if (closing_) connection_.Close();
}

void RelayEnd::OnLost(const absl::Status& /*reason*/) {
  const auto on_lost = std::exchange(callbacks_, {}).on_lost;
  if (on_lost) on_lost(splitter_.TakeRest());
}

}  // namespace fakes
