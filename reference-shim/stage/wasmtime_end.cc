// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/wasmtime_end.h"

#include "reference-shim/stage/wasmtime_config.h"

namespace stage::wasmtime {
namespace {

constexpr std::uint32_t kExitCodeMask = 0xff;  // as exit(3) has it

GuestEnd Exited(std::uint32_t code) {
  return {.kind = GuestEnd::Kind::kExited, .code = static_cast<int>(code & kExitCodeMask)};
}

}  // namespace

GuestEnd EndOf(const Error& error, const Trap& trap, std::optional<std::uint32_t> exit_code) {
  if (exit_code.has_value()) return Exited(*exit_code);
  if (error != nullptr) {
    int code = 0;
    if (wasmtime_error_exit_status(error.get(), &code)) {
      return Exited(static_cast<std::uint32_t>(code));
    }
    return {.kind = GuestEnd::Kind::kTrapped, .text = Message(*error)};
  }
  if (trap != nullptr) return {.kind = GuestEnd::Kind::kTrapped, .text = Message(*trap)};
  return {};
}

}  // namespace stage::wasmtime
