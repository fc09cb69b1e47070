// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace benchmarks {

// Compares shims with each other, with a floor program and with the bare engine, all in one run;
// see --help and benchmarks/README.md. Returns the exit code: 0 measured, 2 usage, 3 host unfit,
// 4 a side failed.
int RunShimBenchmark(int argc, char** argv);

}  // namespace benchmarks
