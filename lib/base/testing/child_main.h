// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/spawn.h"

namespace base::testing {

// A child body written next to its test: the test binary runs itself with --child=NAME. Usage, in
// the binary's own main():
//
//   int main(int argc, char** argv) {
//     return base::testing::RunTestsOrChild(argc, argv, {{"echo", &EchoChild}});
//   }
//
// and in the test: Spawn(ChildProcess("echo", {"a", "b"})).
struct ChildBody {
  std::string name;
  int (*run)(const std::vector<std::string>& args);  // returns the exit code
};

// Runs the child named by --child=NAME (first argument; the rest are its args) and returns its exit
// code, or runs all tests. An unknown child exits 127.
int RunTestsOrChild(int argc, char** argv, const std::vector<ChildBody>& children);

// What starts child `name` of this very binary; the caller may change everything in it.
SpawnSpec ChildProcess(const std::string& name, const std::vector<std::string>& args = {});

}  // namespace base::testing
