// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/backends.h"

int main(int argc, char** argv) {
  return shim::RunShim(argc, argv, [](const shim::BackendContext& context) {
    return backends::MakeBackend("oci", context);
  });
}
