// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <memory>
#include <string>
#include <vector>

#include "fakes/hypervisor/guest_machine.h"
#include "fakes/hypervisor/http_reply.h"
#include "fakes/hypervisor/http_request.h"

namespace fakes {

// The state machine behind the API (docs/vm-protocol.md): no configuration, Created, Running,
// Paused. Knows no sockets; the machine itself is `guest`, borrowed.
class VirtualMachine {
 public:
  VirtualMachine(GuestMachine& guest, std::string version);
  ~VirtualMachine();
  VirtualMachine(const VirtualMachine&) = delete;
  VirtualMachine& operator=(const VirtualMachine&) = delete;

  // Answers one request. Takes the files of devices; others are closed.
  HttpReply Call(HttpRequest request);

  // The name of the call in a request's target ("vm.boot"); empty if that is none of the API's.
  static std::string CommandOf(absl::string_view target);

  // "None", "Created", "Running" or "Paused".
  [[nodiscard]] absl::string_view state() const;
  // vmm.shutdown was called: whoever runs the process ends it once the answer is out.
  [[nodiscard]] bool shut_down() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The answer to vm.add-*, with another place of the device: `bdf`, or none if that is empty.
HttpReply WithOddBdf(const HttpReply& reply, const std::string& bdf);

}  // namespace fakes
