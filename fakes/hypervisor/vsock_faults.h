// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace fakes {

// What a handshake with the guest comes to. Defaults: as it should.
struct HandshakePlan {
  bool drop = false;            // close instead of OK
  bool drop_behind_ok = false;  // close right behind OK
  bool garbage = false;         // `text` instead of OK
  std::string text;
  bool drip = false;  // OK byte by byte, `ms` apart
  std::uint32_t ms = 0;
};

// Who knows what goes wrong with handshakes.
class VsockFaults {
 public:
  virtual ~VsockFaults() = default;
  // A whole CONNECT to `port` has come. Calls `then` once, now or later, or never: then the
  // handshake hangs.
  virtual void OnConnect(std::uint32_t port, std::function<void(HandshakePlan)> then) = 0;
};

}  // namespace fakes
