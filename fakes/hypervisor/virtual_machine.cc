// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/virtual_machine.h"

#include <absl/status/statusor.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "fakes/hypervisor/limits.h"
#include "fakes/hypervisor/machine_config.h"
#include "fakes/hypervisor/pci_slots.h"

namespace fakes {
namespace {

using Json = nlohmann::json;

constexpr absl::string_view kApiPrefix = "/api/v1/";

HttpReply Failed(absl::string_view what, absl::string_view why) {
  return ErrorReply(500, {"Error from API", std::string(what), std::string(why)});
}

HttpReply Missing() {
  return ErrorReply(404, {"Error from API", "The VM has no configuration", "VM is not created"});
}

HttpReply Malformed(absl::string_view why) {
  return ErrorReply(400, {"Failed to deserialize JSON", std::string(why)});
}

// The JSON library copies and prints by recursion.
bool IsNestedTooDeep(absl::string_view json) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '{' || c == '[') && ++depth > kJsonDepthMax) {
      return true;
    } else if (!quoted && (c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

HttpReply Answer(const Json& body) { return {.status = 200, .body = body.dump()}; }

}  // namespace

struct VirtualMachine::Impl {
  enum class State { kNone, kCreated, kRunning, kPaused };
  struct Command {
    absl::string_view name;
    absl::string_view method;
    HttpReply (Impl::*run)(const Json& body, HttpRequest& request);
  };

  Impl(GuestMachine& machine, std::string vmm_version)
      : guest(machine), version(std::move(vmm_version)) {}

  static const std::vector<Command>& Commands();

  HttpReply Ping(const Json&, HttpRequest&) {
    return Answer({{"build_version", version},
                   {"version", version.substr(version.find('v') + 1)},
                   {"pid", ::getpid()},
                   {"features", Json::array()}});
  }

  HttpReply ShutDownVmm(const Json&, HttpRequest&) {
    shut_down = true;
    return {};
  }

  HttpReply Create(const Json& body, HttpRequest&) {
    if (state != State::kNone) return Failed("The VM could not be created", "VM exists already");
    absl::StatusOr<MachineConfig> made = MachineConfig::Parse(body);
    if (!made.ok()) return Malformed(made.status().message());
    config = *std::move(made);
    state = State::kCreated;
    return {};
  }

  HttpReply Boot(const Json&, HttpRequest&) {
    if (state == State::kNone) return Missing();
    if (state != State::kCreated) return Failed("The VM could not boot", "VM is booted already");
    const absl::Status status = StartGuest();
    return status.ok() ? HttpReply{} : Failed("The VM could not boot", status.message());
  }

  absl::Status StartGuest() {
    RETURN_IF_ERROR(config.CheckFiles());
    PciSlots slots;
    for (const std::string& id : config.DeviceIds()) RETURN_IF_ERROR(slots.Take(id).status());
    std::vector<MachineDisk> disks;
    for (auto& [id, disk] : config.disks()) {
      disks.push_back(disk);
      disks.back().bdf = slots.All().at(id);
    }
    RETURN_IF_ERROR(guest.Boot({.vcpus = config.vcpus(),
                                .vsock_socket = config.vsock_socket(),
                                .fs_sockets = config.fs_sockets(),
                                .disks = std::move(disks),
                                .nics = Nics()}));
    pci = std::move(slots);
    state = State::kRunning;
    return absl::OkStatus();
  }

  // With the descriptors that have come for them.
  [[nodiscard]] std::vector<MachineNic> Nics() const {
    std::vector<MachineNic> nics = config.nics();
    for (MachineNic& nic : nics) {
      const auto found = files.find(nic.id);
      if (found != files.end()) nic.fds = Numbers(found->second);
    }
    return nics;
  }

  static std::vector<int> Numbers(const std::vector<base::UniqueFd>& descriptors) {
    std::vector<int> numbers;
    for (const base::UniqueFd& fd : descriptors) numbers.push_back(fd.get());
    return numbers;
  }

  void StopGuest() {
    guest.Stop();
    state = State::kCreated;
  }

  HttpReply ShutDown(const Json&, HttpRequest&) {
    if (state == State::kNone) return Missing();
    if (!booted()) return Failed("The VM could not be shut down", "VM is not running");
    StopGuest();
    return {};
  }

  HttpReply Reboot(const Json&, HttpRequest&) {
    if (state == State::kNone) return Missing();
    if (!booted()) return Failed("The VM could not reboot", "VM is not running");
    StopGuest();
    const absl::Status status = StartGuest();
    return status.ok() ? HttpReply{} : Failed("The VM could not reboot", status.message());
  }

  HttpReply Delete(const Json&, HttpRequest&) {
    if (booted()) StopGuest();
    config = MachineConfig();
    files.clear();
    state = State::kNone;
    return {};
  }

  HttpReply PressPowerButton(const Json&, HttpRequest&) {
    if (state == State::kNone) return Missing();
    if (!booted()) return Failed("The power button failed", "VM is not running");
    return {};  // no guest of ours listens for it, as kata's agent does not
  }

  HttpReply Pause(const Json&, HttpRequest&) {
    if (state == State::kNone) return Missing();
    if (state != State::kRunning) return Failed("The VM could not be paused", "VM is not running");
    guest.Pause();
    state = State::kPaused;
    return {};
  }

  HttpReply Resume(const Json&, HttpRequest&) {
    if (state == State::kNone) return Missing();
    if (state != State::kPaused) return Failed("The VM could not be resumed", "VM is not paused");
    guest.Resume();
    state = State::kRunning;
    return {};
  }

  HttpReply Info(const Json&, HttpRequest&) {
    if (state == State::kNone) return Missing();
    Json tree = Json::object();
    if (booted()) {
      for (const auto& [id, place] : pci.All()) {
        tree[id] = {{"id", id}, {"children", Json::array()}, {"pci_bdf", place}};
      }
    }
    return Answer({{"config", config.json()},
                   {"state", StateName()},
                   {"memory_actual_size", config.memory_bytes()},
                   {"device_tree", std::move(tree)}});
  }

  HttpReply Counters(const Json&, HttpRequest&) {
    if (state == State::kNone) return Missing();
    if (!booted()) return Failed("There are no counters", "VM is not running");
    return Answer(config.Counters(guest.Counters()));
  }

  HttpReply Resize(const Json& body, HttpRequest&) {
    if (state == State::kNone) return Missing();
    const absl::Status status = config.Resize(body);
    if (absl::IsInvalidArgument(status)) return Malformed(status.message());
    if (!status.ok()) return Failed("The VM could not be resized", status.message());
    if (booted()) guest.SetVcpus(config.vcpus());
    return {};
  }

  HttpReply Add(DeviceKind kind, const Json& body, HttpRequest& request) {
    const std::string what = absl::StrCat("The device (", DeviceKindName(kind), ") was not added");
    if (state == State::kNone) return Missing();
    MachineConfig changed = config;
    const absl::StatusOr<std::string> id = changed.Add(kind, body);
    if (absl::IsInvalidArgument(id.status())) return Malformed(id.status().message());
    if (!id.ok()) return Failed(what, id.status().message());
    if (!booted()) {
      config = std::move(changed);
      files[*id] = std::move(request.files);
      return {};
    }
    const absl::Status there = changed.CheckFiles();
    if (!there.ok()) return Failed(what, there.message());
    const absl::StatusOr<std::string> place = pci.Take(*id);
    if (!place.ok()) return Failed(what, place.status().message());
    const absl::Status plugged = Plug(kind, *id, changed, request);
    if (!plugged.ok()) {
      pci.Free(*id);
      return Failed(what, plugged.message());
    }
    config = std::move(changed);
    files[*id] = std::move(request.files);
    if (kind == DeviceKind::kDisk) {
      MachineDisk disk = config.disks().at(*id);
      disk.bdf = *place;
      guest.AddDisk(disk);
    }
    return Answer({{"id", *id}, {"bdf", *place}});
  }

  // What can fail in a guest that runs.
  absl::Status Plug(DeviceKind kind, const std::string& id, const MachineConfig& changed,
                    const HttpRequest& request) {
    if (kind == DeviceKind::kVsock) return guest.AddVsock(changed.vsock_socket());
    if (kind != DeviceKind::kNet) return absl::OkStatus();
    for (MachineNic& nic : changed.nics()) {
      if (nic.id != id) continue;
      nic.fds = Numbers(request.files);
      return guest.AddNic(nic);
    }
    return absl::InternalError(absl::StrCat("no NIC \"", id, "\" in the configuration"));
  }

  template <DeviceKind kKind>
  HttpReply AddDevice(const Json& body, HttpRequest& request) {
    return Add(kKind, body, request);
  }

  HttpReply Remove(const Json& body, HttpRequest&) {
    if (state == State::kNone) return Missing();
    if (!body.is_object() || !body.contains("id") || !body["id"].is_string()) {
      return Malformed("id: expected a string");
    }
    const std::string id = body["id"].get<std::string>();
    const std::vector<MachineNic> nics = config.nics();
    const bool is_nic = std::any_of(nics.begin(), nics.end(),
                                    [&id](const MachineNic& nic) { return nic.id == id; });
    const absl::Status status = config.Remove(id);
    if (!status.ok()) return Failed("The device was not removed", status.message());
    const std::map<std::string, std::string> places = pci.All();
    if (const auto place = places.find(id); place != places.end()) guest.RemoveDisk(place->second);
    if (is_nic) guest.RemoveNic(id);
    pci.Free(id);
    files.erase(id);
    return {};
  }

  [[nodiscard]] bool booted() const { return state == State::kRunning || state == State::kPaused; }
  [[nodiscard]] const char* StateName() const {
    constexpr const char* kNames[] = {"None", "Created", "Running", "Paused"};
    return kNames[static_cast<int>(state)];
  }

  GuestMachine& guest;
  const std::string version;
  State state = State::kNone;
  MachineConfig config;
  PciSlots pci;
  std::map<std::string, std::vector<base::UniqueFd>> files;  // of devices, kept as a VMM keeps taps
  bool shut_down = false;
};

const std::vector<VirtualMachine::Impl::Command>& VirtualMachine::Impl::Commands() {
  static const std::vector<Command> commands = {
      {"vmm.ping", "GET", &Impl::Ping},
      {"vmm.shutdown", "PUT", &Impl::ShutDownVmm},
      {"vm.create", "PUT", &Impl::Create},
      {"vm.boot", "PUT", &Impl::Boot},
      {"vm.info", "GET", &Impl::Info},
      {"vm.counters", "GET", &Impl::Counters},
      {"vm.shutdown", "PUT", &Impl::ShutDown},
      {"vm.reboot", "PUT", &Impl::Reboot},
      {"vm.delete", "PUT", &Impl::Delete},
      {"vm.power-button", "PUT", &Impl::PressPowerButton},
      {"vm.pause", "PUT", &Impl::Pause},
      {"vm.resume", "PUT", &Impl::Resume},
      {"vm.resize", "PUT", &Impl::Resize},
      {"vm.add-net", "PUT", &Impl::AddDevice<DeviceKind::kNet>},
      {"vm.add-disk", "PUT", &Impl::AddDevice<DeviceKind::kDisk>},
      {"vm.add-fs", "PUT", &Impl::AddDevice<DeviceKind::kFs>},
      {"vm.add-pmem", "PUT", &Impl::AddDevice<DeviceKind::kPmem>},
      {"vm.add-vsock", "PUT", &Impl::AddDevice<DeviceKind::kVsock>},
      {"vm.add-device", "PUT", &Impl::AddDevice<DeviceKind::kDevice>},
      {"vm.remove-device", "PUT", &Impl::Remove},
  };
  return commands;
}

VirtualMachine::VirtualMachine(GuestMachine& guest, std::string version)
    : impl_(std::make_unique<Impl>(guest, std::move(version))) {}
VirtualMachine::~VirtualMachine() = default;

std::string VirtualMachine::CommandOf(absl::string_view target) {
  if (!absl::StartsWith(target, kApiPrefix)) return "";
  target.remove_prefix(kApiPrefix.size());
  const absl::string_view name = target.substr(0, target.find('?'));
  for (const Impl::Command& command : Impl::Commands()) {
    if (command.name == name) return std::string(name);
  }
  return "";
}

HttpReply VirtualMachine::Call(HttpRequest request) {
  const std::string name = CommandOf(request.target);
  for (const Impl::Command& command : Impl::Commands()) {
    if (name != command.name) continue;
    if (request.method != command.method) {
      return ErrorReply(400, {"Bad Request", absl::StrCat(name, " wants ", command.method)});
    }
    Json body;
    if (!request.body.empty()) {
      if (IsNestedTooDeep(request.body)) return Malformed("the body is nested too deep");
      body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
      if (body.is_discarded()) return Malformed("the body is no JSON");
    }
    return (impl_.get()->*command.run)(body, request);
  }
  return ErrorReply(404, {"Not Found", absl::StrCat("no such call: ", request.target)});
}

absl::string_view VirtualMachine::state() const { return impl_->StateName(); }

bool VirtualMachine::shut_down() const { return impl_->shut_down; }

HttpReply WithOddBdf(const HttpReply& reply, const std::string& bdf) {
  Json body = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object() || !body.contains("bdf")) return reply;
  body["bdf"] = bdf;
  if (bdf.empty()) body.erase("bdf");
  return {.status = reply.status, .body = body.dump()};
}

}  // namespace fakes
