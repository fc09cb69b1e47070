// SPDX-License-Identifier: Apache-2.0
// The tests, and under a shim's name in argv[0] the shim they run: this very executable with a
// backend that makes no containers. SCRIPTED_FAILURE names a verb of that backend that fails.
#include <absl/strings/match.h>

#include <cstdlib>

#include "base/testing/child_main.h"
#include "reference-shim/tests/fake_backend.h"

int main(int argc, char** argv) {
  if (argc > 0 && absl::StartsWith(argv[0], "containerd-shim-")) {
    return shim::RunShim(argc, argv, [](const shim::BackendContext& context) {
      auto backend = std::make_unique<shim::testing::FakeBackend>(context.loop);
      if (const char* verb = std::getenv("SCRIPTED_FAILURE")) {
        backend->Fail(verb, absl::NotFoundError("scripted"));
      }
      return backend;
    });
  }
  return base::testing::RunTestsOrChild(argc, argv, {});
}
