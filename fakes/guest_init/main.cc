// SPDX-License-Identifier: Apache-2.0
// The first process of a virtual machine whose initrd it is (docs/vm.md).
#include <absl/status/status.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/status_macros.h"
#include "fakes/guest_agent/guest_agent.h"
#include "fakes/guest_init/guest_port.h"
#include "fakes/guest_init/limits.h"
#include "fakes/guest_init/machine.h"
#include "fakes/guest_init/port_relay.h"
#include "fakes/guest_init/visitor_port.h"
#include "vm/guest_channel.h"

namespace {

constexpr int kUsage = 2;

// Until the guest turns itself off, or nobody is left to serve.
absl::Status RunGuest() {
  RETURN_IF_ERROR(fakes::MakeMachine());
  ASSIGN_OR_RETURN(base::UniqueFd port,
                   fakes::OpenGuestPort({}, vm::kAgentPortName, fakes::kGuestPortTimeout));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  base::UniqueFd ours(ends[0]);
  base::UniqueFd theirs(ends[1]);

  base::Log log(STDERR_FILENO, base::LogLevel::kWarning);
  boost::asio::io_context loop(1);
  fakes::GuestConfig config;
  config.cgroup = "guest";
  config.is_init = true;
  config.power_off = [&loop] { loop.stop(); };
  ASSIGN_OR_RETURN(const std::unique_ptr<fakes::GuestAgent> agent,
                   fakes::GuestAgent::Create(loop, std::move(config), log));
  agent->Serve(std::move(theirs));
  ASSIGN_OR_RETURN(std::string device,
                   fakes::AwaitGuestPort({}, vm::kVisitorPortName, fakes::kGuestPortTimeout));
  fakes::VisitorPort visitors(loop, std::move(device), [&agent](base::UniqueFd visitor) {
    agent->Serve(std::move(visitor));
  });
  RETURN_IF_ERROR(visitors.Start());
  const fakes::PortRelay relay(loop, std::move(port), std::move(ours), [&loop] { loop.stop(); });
  loop.run();
  return absl::OkStatus();
}

}  // namespace

int main() {
  if (::getpid() != 1) {
    std::cerr << "shimgauge-guest-init: this is the first process of a virtual machine; "
                 "fixtures/guest/make_initrd makes an initrd of it\n";
    return kUsage;
  }
  const absl::Status status = RunGuest();
  if (!status.ok()) std::cerr << "guest: " << status.message() << std::endl;
  fakes::PowerOff();
}
