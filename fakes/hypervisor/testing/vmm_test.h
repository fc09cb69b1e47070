// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/exit_status.h"
#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "fakes/fault/fault_file.h"
#include "fakes/hypervisor/testing/kata_clients.h"

namespace fakes::testing {

// Tests of the stand-in as a process of its own, with echo_guest.h inside: the program of main.cc
// but for the guest. The test binary's main() knows it as the child "vmm".
class VmmTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override;
  void TearDown() override;  // kills the VMM if it is still there

  // Starts it, and returns once its API socket is there, unless `await` is false.
  void StartVmm(const std::vector<std::string>& args = {}, bool await = true);
  // Waits until somebody listens on the API socket; false if `gone`, a pidfd, ends first.
  bool AwaitApi(const base::UniqueFd& gone);
  // Waits for its end.
  base::ExitStatus AwaitExit();
  void Kill(int signo);

  // The JSON of a VM with two vCPUs and a vsock device.
  [[nodiscard]] std::string Config() const;
  // vm.create and vm.boot.
  void Boot();
  // One command by control socket; its answer.
  std::string Control(const std::string& command);
  absl::StatusOr<std::string> Get(const std::string& call) { return client_->Call("GET", call); }
  absl::StatusOr<std::string> Put(const std::string& call, const std::string& body = "") {
    return client_->Call("PUT", call, body);
  }
  absl::StatusOr<BlockingSocket> ConnectToAgent(int timeout_ms = 10'000) {
    return ConnectToGuest(Vsock(), "CONNECT 1024\n", timeout_ms);
  }

  [[nodiscard]] std::string Api() const { return temp_.File("api.sock"); }
  [[nodiscard]] std::string Vsock() const { return temp_.File("vm.sock"); }
  [[nodiscard]] std::string FaultDirectory() const { return temp_.File("faults"); }
  [[nodiscard]] std::string ErrorFile() const { return temp_.File("stderr"); }

  // A tap that lives as long as the descriptor, or a copy of it: "tap0" in `space_`. Not ok() where
  // none can be made, without root.
  base::UniqueFd MakeTap();
  [[nodiscard]] bool IsTapThere() const;

  base::UniqueFd space_;  // a network namespace, once there was a tap
  // What StartVmm starts instead of this binary's own child; empty: that.
  std::string program_;
  std::unique_ptr<KataClient> client_;
  std::unique_ptr<FaultFile> faults_;
  base::Child vmm_;
};

}  // namespace fakes::testing
