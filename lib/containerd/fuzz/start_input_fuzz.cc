// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "containerd/bootstrap.h"

// stdin of `start`, which anybody may write to: whatever it is, it is recognised or ignored.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using containerd::StartInput;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const StartInput input = containerd::ParseStartInput(bytes, "c1", "default");
  const bool consistent =
      (input.form == StartInput::Form::kEmpty) == bytes.empty() &&
      input.options.has_value() == !input.raw_options.type_url().empty() &&
      input.log_level.has_value() == (input.form == StartInput::Form::kParams) &&
      (input.form != StartInput::Form::kLegacyOptions || input.options.has_value()) &&
      (input.form != StartInput::Form::kIgnored || !input.options.has_value());
  if (!consistent) __builtin_trap();
  return 0;
}
