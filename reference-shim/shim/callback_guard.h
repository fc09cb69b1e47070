// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

namespace shim {

// Ties callbacks to the life of an object: what Wrap returns does nothing once the guard is gone or
// was reset. A handler that the loop has queued already cannot be taken back by cancelling its
// timer or closing its descriptor, and a backend may complete a verb late; both would otherwise
// meet a destroyed object. Make it the last member, so that it goes first.
class CallbackGuard {
 public:
  template <typename Function>
  [[nodiscard]] auto Wrap(Function function) const {
    return [weak = std::weak_ptr<char>(token_),
            function = std::move(function)](auto&&... arguments) mutable {
      if (!weak.expired()) function(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  // Disarms everything wrapped so far.
  void Reset() { token_ = std::make_shared<char>(); }

 private:
  std::shared_ptr<char> token_ = std::make_shared<char>();  // owned here, callbacks look weakly
};

}  // namespace shim
