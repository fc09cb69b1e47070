// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "containerd/bootstrap.h"
#include "containerd/shim_address.h"

namespace {

void Demand(bool property) {
  if (!property) __builtin_trap();
}

}  // namespace

// stdout of a shim under test, and the address in it: what is accepted has the promised form and
// survives being written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using containerd::BootstrapResult;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<BootstrapResult> result = containerd::ParseStartResult(bytes);
  if (!result.ok()) return 0;
  Demand(result->version == 2 || result->version == 3);
  Demand(!result->address.empty());

  const absl::StatusOr<std::string> written = containerd::EncodeStartResult(*result);
  Demand(written.ok());
  if (const auto again = containerd::ParseStartResult(*written);
      again.ok() && again->dialect == result->dialect) {
    Demand(again->version == result->version && again->address == result->address &&
           again->protocol == result->protocol && again->metadata == result->metadata);
  }

  if (const auto address = containerd::ParseAddress(result->address); address.ok()) {
    const auto again = containerd::ParseAddress(containerd::FormatAddress(*address));
    Demand(again.ok() && *again == *address);
  }
  return 0;
}
