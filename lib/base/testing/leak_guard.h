// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/testing/temp_dir.h"

namespace base::testing {

// The proof every process test ends with: from construction to destruction no child process was
// left behind (running, stopped or zombie), the open descriptors are the same (numbers and what
// they refer to) and so are the signal mask and the SIGCHLD disposition. Every difference fails the
// running test and is named; left children are killed and reaped, so that the next test is not
// blamed. Destroy all else of the test before it.
class LeakGuard {
 public:
  LeakGuard();
  ~LeakGuard();
  LeakGuard(const LeakGuard&) = delete;
  LeakGuard& operator=(const LeakGuard&) = delete;

 private:
  std::map<int, std::string> fds_;
  std::string signals_;
};

// Descriptors open in this process and what each refers to ("/dev/null", "pipe:[123]").
std::map<int, std::string> OpenFds();

// A test with a LeakGuard around it and a temporary directory of its own. Members of a derived
// fixture go before both.
class ProcessTest : public ::testing::Test {
 protected:
  LeakGuard leak_guard_;  // first member: destroyed last
  TempDir temp_;
};

}  // namespace base::testing
