// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/fake_machine.h"

#include <utility>

#include "base/status_macros.h"

namespace fakes {

FakeMachine::FakeMachine(boost::asio::io_context& loop, VsockFaults& faults, GuestFactory factory,
                         std::function<void()> power_off)
    : loop_(loop),
      faults_(faults),
      factory_(std::move(factory)),
      power_off_(std::move(power_off)) {}

absl::Status FakeMachine::Boot(const MachineSettings& settings) {
  ASSIGN_OR_RETURN(services_, factory_(power_off_));
  if (!settings.vsock_socket.empty()) {
    const absl::Status listening = AddVsock(settings.vsock_socket);
    if (!listening.ok()) {
      Stop();
      return listening;
    }
  }
  vcpus_.Resize(settings.vcpus);
  return absl::OkStatus();
}

absl::Status FakeMachine::AddVsock(const std::string& socket) {
  ASSIGN_OR_RETURN(
      mux_,
      VsockMux::Make(loop_, socket, faults_, [this](std::uint32_t port, base::UniqueFd connection) {
        return services_ != nullptr && services_->Serve(port, std::move(connection));
      }));
  return absl::OkStatus();
}

void FakeMachine::Pause() {
  if (mux_) mux_->Pause();
}

void FakeMachine::Resume() {
  if (mux_) mux_->Resume();
}

void FakeMachine::ResetConnections() {
  if (mux_) mux_->Reset();
}

void FakeMachine::Stop() {
  // The connections first: the host must not see the guest's last words, as after a power cut.
  mux_.reset();
  if (services_) services_->Stop();
  services_.reset();
  vcpus_.Resize(0);
}

}  // namespace fakes
