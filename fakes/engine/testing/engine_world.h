// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "fakes/fault/fault_file.h"
#include "oci/spec.h"

namespace fakes::testing {

// The engine, driven as a shim drives it: by its command line, from a subreaper. Containers have
// the fixture programs in /bin. Works as root, and as the root of a user namespace.
class EngineTest : public base::testing::ProcessTest {
 protected:
  EngineTest();

  // A container with namespaces of its own.
  [[nodiscard]] static oci::Spec Guest(oci::Strings args);

  // One command, run to its end. Its stdin is /dev/null; out and err of `create`, `start` and
  // `exec` are the container's too, hence in files: result.out, result.err.
  base::testing::RunResult Engine(const std::vector<std::string>& words);
  // What the log file says, and a fresh one.
  std::string TakeLog();

  // Writes the bundle of `id` and creates; the pid of its init, -1 after a failure, which is left
  // in the log.
  pid_t Create(const std::string& id, const oci::Spec& spec,
               const std::vector<std::string>& flags = {});
  pid_t CreateAndStart(const std::string& id, const oci::Spec& spec);
  // Starts args as an exec, its pid; -1 after a failure.
  pid_t Exec(const std::string& id, const std::vector<std::string>& args);

  std::string State(const std::string& id);  // "running"; empty after a failure
  void Delete(const std::string& id);
  // What container and execs printed so far, and waits for a line of it.
  std::string Output() const;
  void AwaitOutput(const std::string& text) const;

  [[nodiscard]] std::string Bundle(const std::string& id) const;
  [[nodiscard]] std::string Root() const { return temp_.File("root"); }

  FaultFile faults_{temp_.path()};

 private:
  int files_ = 0;
};

}  // namespace fakes::testing
