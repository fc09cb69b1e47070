// SPDX-License-Identifier: Apache-2.0
// The tests, and with a shim's name in argv[0] the shim they run: this very executable with a
// backend that makes no containers.
#include <absl/strings/match.h>

#include "base/testing/child_main.h"
#include "reference-shim/tests/fake_backend.h"

int main(int argc, char** argv) {
  if (argc > 0 && absl::StartsWith(argv[0], "containerd-shim-")) {
    return shim::RunShim(argc, argv, [](const shim::BackendContext& context) {
      return std::make_unique<shim::testing::FakeBackend>(context.loop);
    });
  }
  return base::testing::RunTestsOrChild(argc, argv, {});
}
