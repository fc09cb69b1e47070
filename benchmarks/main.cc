// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/shim_benchmark.h"

int main(int argc, char** argv) { return benchmarks::RunShimBenchmark(argc, argv); }
