// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/task_backend.h"

int main(int argc, char** argv) { return shim::RunShim(argc, argv, &backends::MakeTaskBackend); }
