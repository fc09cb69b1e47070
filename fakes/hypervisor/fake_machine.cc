// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/fake_machine.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <utility>

#include "base/status_macros.h"
#include "fakes/hypervisor/host_tap.h"

namespace fakes {
namespace {

// Not ok() where nobody listens: a guest of ours needs no daemon to see what is shared.
base::UniqueFd ConnectTo(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return {};
  path.copy(address.sun_path, path.size());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (!socket.ok() || ::connect(socket.get(), where, sizeof(address)) != 0) return {};
  return socket;
}

}  // namespace

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
  for (const std::string& path : settings.fs_sockets) {
    if (base::UniqueFd daemon = ConnectTo(path); daemon.ok()) daemons_.push_back(std::move(daemon));
  }
  for (const MachineDisk& disk : settings.disks) AddDisk(disk);
  for (const MachineNic& nic : settings.nics) {
    const absl::Status added = AddNic(nic);
    if (added.ok()) continue;
    Stop();
    return added;
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

void FakeMachine::AddDisk(const MachineDisk& disk) {
  if (services_) services_->AddDisk(disk);
}

void FakeMachine::RemoveDisk(const std::string& bdf) {
  if (services_) services_->RemoveDisk(bdf);
}

absl::Status FakeMachine::AddNic(const MachineNic& nic) {
  ASSIGN_OR_RETURN(HostTap tap, OpenHostTap(nic));
  ASSIGN_OR_RETURN(base::UniqueFd wire, services_->AddNic(nic.mac, tap.header_bytes));
  auto relay = std::make_unique<NicRelay>(loop_, std::move(tap.queues), std::move(wire));
  if (!paused_) relay->Start();
  nics_[nic.id] = std::move(relay);
  return absl::OkStatus();
}

std::map<std::string, NicCounters> FakeMachine::Counters() const {
  std::map<std::string, NicCounters> counters;
  for (const auto& [id, relay] : nics_) counters[id] = relay->counters();
  return counters;
}

void FakeMachine::Pause() {
  paused_ = true;
  for (const auto& [id, relay] : nics_) relay->Pause();
  if (mux_) mux_->Pause();
}

void FakeMachine::Resume() {
  paused_ = false;
  for (const auto& [id, relay] : nics_) relay->Start();
  if (mux_) mux_->Resume();
}

void FakeMachine::ResetConnections() {
  if (mux_) mux_->Reset();
}

void FakeMachine::Stop() {
  // The connections first: the host must not see the guest's last words, as after a power cut.
  mux_.reset();
  nics_.clear();
  paused_ = false;
  if (services_) services_->Stop();
  services_.reset();
  daemons_.clear();
  vcpus_.Resize(0);
}

}  // namespace fakes
