// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/machine_config.h"

#include <absl/strings/str_cat.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "fakes/hypervisor/limits.h"
#include "netlink/mac.h"

namespace fakes {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kDefaultMemoryBytes = 512ULL << 20;

struct KindInfo {
  DeviceKind kind;
  absl::string_view name;
  const char* member;    // of the configuration; a list, but for vsock
  const char* demanded;  // member that a device must have; nullptr: none
};

constexpr KindInfo kKinds[] = {
    {DeviceKind::kDisk, "disk", "disks", nullptr},
    {DeviceKind::kNet, "net", "net", nullptr},
    {DeviceKind::kFs, "fs", "fs", "socket"},
    {DeviceKind::kPmem, "pmem", "pmem", "file"},
    {DeviceKind::kVsock, "vsock", "vsock", "socket"},
    {DeviceKind::kDevice, "device", "devices", "path"},
};

const KindInfo& InfoOf(DeviceKind kind) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [kind](const KindInfo& info) { return info.kind == kind; });
}

absl::Status Expected(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": expected ", what));
}

// Leaves `value` alone where there is no such member.
absl::Status ReadNumber(const Json& object, const char* name, absl::string_view where,
                        std::uint64_t min, std::uint64_t max, std::uint64_t& value) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return absl::OkStatus();
  if (found->is_number_unsigned()) {
    const auto number = found->get<std::uint64_t>();
    if (number >= min && number <= max) {
      value = number;
      return absl::OkStatus();
    }
  }
  return Expected(absl::StrCat(where, name), absl::StrCat("a number from ", min, " to ", max));
}

absl::Status CheckNic(const Json& device, absl::string_view where) {
  const auto mac = device.find("mac");
  if (mac != device.end() && mac->is_string() && !netlink::ParseMac(mac->get<std::string>()).ok()) {
    return Expected(absl::StrCat(where, ".mac"), "six pairs of hexadecimal digits with colons");
  }
  const auto tap = device.find("tap");
  if (tap != device.end() && tap->is_string() && tap->get<std::string>().size() >= IFNAMSIZ) {
    return Expected(absl::StrCat(where, ".tap"), absl::StrCat("less than ", IFNAMSIZ, " bytes"));
  }
  std::uint64_t queues = 2;
  return ReadNumber(device, "num_queues", absl::StrCat(where, "."), 2, kNicQueuesMax, queues);
}

absl::Status CheckDevice(const KindInfo& info, const Json& device, absl::string_view where) {
  if (!device.is_object()) return Expected(where, "an object");
  for (const char* text : {"id", "path", "socket", "file", "tag", "mac", "tap"}) {
    const auto found = device.find(text);
    if (found != device.end() && !found->is_null() && !found->is_string()) {
      return Expected(absl::StrCat(where, ".", text), "a string");
    }
  }
  if (info.kind == DeviceKind::kNet) return CheckNic(device, where);
  if (info.demanded == nullptr) return absl::OkStatus();
  const auto found = device.find(info.demanded);
  if (found != device.end() && found->is_string()) return absl::OkStatus();
  return Expected(absl::StrCat(where, ".", info.demanded), "a string, which is missing");
}

std::string TextOf(const Json& device, const char* member) {
  const auto found = device.find(member);
  return found != device.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string IdOf(const Json& device) { return TextOf(device, "id"); }

absl::Status CheckFile(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_string()) return absl::OkStatus();
  const std::string path = found->get<std::string>();
  if (::access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat(member, " ", path));
}

// The devices of one kind in a configuration.
std::vector<Json*> Devices(Json& config, const KindInfo& info) {
  std::vector<Json*> devices;
  const auto found = config.find(info.member);
  if (found == config.end() || found->is_null()) return devices;
  if (!found->is_array()) return {&*found};
  for (Json& device : *found) devices.push_back(&device);
  return devices;
}

}  // namespace

absl::string_view DeviceKindName(DeviceKind kind) { return InfoOf(kind).name; }

absl::StatusOr<MachineConfig> MachineConfig::Parse(const Json& json) {
  if (!json.is_object()) return Expected("the body", "an object");
  MachineConfig config;
  config.json_ = json;
  const auto payload = json.find("payload");
  if (payload == json.end() || !payload->is_object()) return Expected("payload", "an object");
  if (!payload->contains("kernel") && !payload->contains("firmware") &&
      !payload->contains("initramfs")) {
    return Expected("payload", "kernel, firmware or initramfs");
  }
  const Json none = Json::object();
  const Json& cpus = json.contains("cpus") ? json["cpus"] : none;
  const Json& memory = json.contains("memory") ? json["memory"] : none;
  if (!cpus.is_object()) return Expected("cpus", "an object");
  if (!memory.is_object()) return Expected("memory", "an object");
  std::uint64_t boot = 1;
  RETURN_IF_ERROR(ReadNumber(cpus, "boot_vcpus", "cpus.", 1, kVcpusMax, boot));
  std::uint64_t max = boot;
  RETURN_IF_ERROR(ReadNumber(cpus, "max_vcpus", "cpus.", boot, kVcpusMax, max));
  std::uint64_t size = kDefaultMemoryBytes;
  constexpr std::uint64_t kBytesMax = 1ULL << 46;
  RETURN_IF_ERROR(ReadNumber(memory, "size", "memory.", 1, kBytesMax, size));
  std::uint64_t hotplug = 0;
  RETURN_IF_ERROR(ReadNumber(memory, "hotplug_size", "memory.", 0, kBytesMax, hotplug));
  config.vcpus_ = static_cast<unsigned>(boot);
  config.vcpus_max_ = static_cast<unsigned>(max);
  config.memory_bytes_ = config.memory_bytes_min_ = size;
  config.memory_bytes_max_ = size + hotplug;
  config.json_["cpus"]["boot_vcpus"] = boot;
  config.json_["cpus"]["max_vcpus"] = max;
  config.json_["memory"]["size"] = size;
  for (const KindInfo& info : kKinds) {
    if (info.kind != DeviceKind::kVsock && json.contains(info.member) &&
        !json[info.member].is_array() && !json[info.member].is_null()) {
      return Expected(info.member, "an array");
    }
    for (Json* device : Devices(config.json_, info)) {
      RETURN_IF_ERROR(CheckDevice(info, *device, info.member));
      if (IdOf(*device).empty()) {
        (*device)["id"] = absl::StrCat("_", info.name, config.next_id_++);
      }
    }
  }
  std::vector<std::string> ids = config.DeviceIds();
  std::sort(ids.begin(), ids.end());
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice != ids.end()) return Expected("id", absl::StrCat("one device of \"", *twice, "\""));
  return config;
}

absl::StatusOr<std::string> MachineConfig::Add(DeviceKind kind, const Json& device) {
  const KindInfo& info = InfoOf(kind);
  RETURN_IF_ERROR(CheckDevice(info, device, "the body"));
  if (kind == DeviceKind::kVsock && !vsock_socket().empty()) {
    return absl::AlreadyExistsError("there is a vsock device");
  }
  Json added = device;
  std::string id = IdOf(device);
  const std::vector<std::string> ids = DeviceIds();
  const auto taken = [&ids](const std::string& name) {
    return std::find(ids.begin(), ids.end(), name) != ids.end();
  };
  if (id.empty()) {
    do id = absl::StrCat("_", info.name, next_id_++);
    while (taken(id));
    added["id"] = id;
  } else if (taken(id)) {
    return absl::AlreadyExistsError(absl::StrCat("there is a device \"", id, "\""));
  }
  if (kind == DeviceKind::kVsock) {
    json_[info.member] = std::move(added);
  } else {
    Json& list = json_[info.member];
    if (!list.is_array()) list = Json::array();
    list.push_back(std::move(added));
  }
  return id;
}

absl::Status MachineConfig::Remove(const std::string& id) {
  for (const KindInfo& info : kKinds) {
    const auto found = json_.find(info.member);
    if (found == json_.end() || !found->is_array()) continue;
    for (std::size_t i = 0; i < found->size(); ++i) {
      if (IdOf((*found)[i]) != id) continue;
      found->erase(i);
      return absl::OkStatus();
    }
  }
  return absl::NotFoundError(absl::StrCat("there is no device \"", id, "\" to remove"));
}

absl::Status MachineConfig::Resize(const Json& request) {
  if (!request.is_object()) return Expected("the body", "an object");
  constexpr std::uint64_t kAny = ~std::uint64_t{0};
  std::uint64_t vcpus = vcpus_;
  std::uint64_t memory = memory_bytes_;
  RETURN_IF_ERROR(ReadNumber(request, "desired_vcpus", "", 1, kAny, vcpus));
  RETURN_IF_ERROR(ReadNumber(request, "desired_ram", "", 1, kAny, memory));
  if (vcpus > vcpus_max_) {
    return absl::OutOfRangeError(absl::StrCat(vcpus, " vCPUs, max_vcpus is ", vcpus_max_));
  }
  if (memory < memory_bytes_min_ || memory > memory_bytes_max_) {
    return absl::OutOfRangeError(absl::StrCat(memory, " bytes of memory, which has from ",
                                              memory_bytes_min_, " to ", memory_bytes_max_));
  }
  vcpus_ = static_cast<unsigned>(vcpus);
  memory_bytes_ = memory;
  json_["cpus"]["boot_vcpus"] = vcpus_;
  json_["memory"]["hotplugged_size"] = memory_bytes_ - memory_bytes_min_;
  return absl::OkStatus();
}

absl::Status MachineConfig::CheckFiles() const {
  for (const char* member : {"kernel", "initramfs", "firmware"}) {
    RETURN_IF_ERROR(CheckFile(json_["payload"], member));
  }
  Json config = json_;
  for (Json* disk : Devices(config, InfoOf(DeviceKind::kDisk))) {
    RETURN_IF_ERROR(CheckFile(*disk, "path"));
  }
  return absl::OkStatus();
}

std::string MachineConfig::vsock_socket() const {
  const auto found = json_.find("vsock");
  if (found == json_.end() || !found->is_object()) return "";
  return found->value("socket", "");
}

std::vector<std::string> MachineConfig::fs_sockets() const {
  std::vector<std::string> sockets;
  Json config = json_;
  for (const Json* device : Devices(config, InfoOf(DeviceKind::kFs))) {
    sockets.push_back(device->value("socket", ""));
  }
  return sockets;
}

std::map<std::string, MachineDisk> MachineConfig::disks() const {
  std::map<std::string, MachineDisk> disks;
  Json config = json_;
  for (const Json* device : Devices(config, InfoOf(DeviceKind::kDisk))) {
    const auto path = device->find("path");
    const auto readonly = device->find("readonly");
    disks[IdOf(*device)] = {
        .bdf = "",
        .path = path != device->end() && path->is_string() ? path->get<std::string>() : "",
        .readonly = readonly != device->end() && *readonly == true};
  }
  return disks;
}

std::vector<std::string> MachineConfig::DeviceIds() const {
  std::vector<std::string> ids;
  Json config = json_;
  for (const KindInfo& info : kKinds) {
    for (const Json* device : Devices(config, info)) ids.push_back(IdOf(*device));
  }
  return ids;
}

std::vector<MachineNic> MachineConfig::nics() const {
  std::vector<MachineNic> nics;
  Json config = json_;
  for (const Json* device : Devices(config, InfoOf(DeviceKind::kNet))) {
    nics.push_back({.id = IdOf(*device),
                    .mac = TextOf(*device, "mac"),
                    .tap = TextOf(*device, "tap"),
                    .fds = {}});
  }
  return nics;
}

Json MachineConfig::Counters(const std::map<std::string, NicCounters>& nics) const {
  Json counters = Json::object();
  Json config = json_;
  for (const Json* disk : Devices(config, InfoOf(DeviceKind::kDisk))) {
    counters[IdOf(*disk)] = {
        {"read_bytes", 0}, {"read_ops", 0}, {"write_bytes", 0}, {"write_ops", 0}};
  }
  for (const auto& [id, nic] : nics) {
    counters[id] = {{"rx_bytes", nic.rx_bytes},
                    {"rx_frames", nic.rx_frames},
                    {"tx_bytes", nic.tx_bytes},
                    {"tx_frames", nic.tx_frames}};
  }
  return counters;
}

}  // namespace fakes
