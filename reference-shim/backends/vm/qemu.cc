// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/qemu.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "container/recorded_process.h"
#include "reference-shim/backends/vm/limits.h"
#include "reference-shim/backends/vm/qemu_command.h"

namespace backends {
namespace {

using nlohmann::json;

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A member of an event's data or of an answer; empty if there is none.
std::string MemberOf(const std::string& text, const char* key) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto member = object.is_object() ? object.find(key) : object.end();
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

struct SocketPair {
  base::UniqueFd ours;
  base::UniqueFd theirs;
};

absl::StatusOr<SocketPair> MakeSocketPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  return SocketPair{.ours = base::UniqueFd(ends[0]), .theirs = base::UniqueFd(ends[1])};
}

std::string NodeOf(const std::string& id) { return absl::StrCat("disk-", id); }

json DiskOf(const VmDevice& device) {
  struct stat info {};
  const bool block = ::stat(device.path.c_str(), &info) == 0 && S_ISBLK(info.st_mode);
  return {{"driver", "raw"},
          {"node-name", NodeOf(device.id)},
          {"read-only", device.readonly},
          {"file", {{"driver", block ? "host_device" : "file"}, {"filename", device.path}}}};
}

// A slot and function of the first bus, as QEMU numbers them together.
std::string PciAddress(unsigned number) {
  return absl::StrCat("0000:00:", absl::Hex(number >> 3U, absl::kZeroPad2), ".", number & 7U);
}

}  // namespace

Qemu::Qemu(const shim::BackendContext& context, const VmConfig& config, const VmFiles& files,
           const PodNetwork& network, Tracer* tracer)
    : context_(context),
      config_(config),
      files_(files),
      network_(network),
      process_(context),
      daemon_(context),
      monitor_(context.loop, tracer),
      limit_(context.loop) {}

HypervisorCapabilities Qemu::capabilities() const {
  return {.block_hotplug = true, .hybrid_vsock = false, .resize = false};
}

// --- start ----------------------------------------------------------------------------------

void Qemu::Start(shim::Done<> done) {
  started_ = std::move(done);
  const absl::Status spawned = Spawn();
  if (!spawned.ok()) Started(spawned);
}

absl::Status Qemu::Spawn() {
  ASSIGN_OR_RETURN(const base::UniqueFd files,
                   daemon_.Start(config_.virtiofsd, files_.shared, files_.directory,
                                 [this] { OnDaemonExited(); }));
  ASSIGN_OR_RETURN(SocketPair monitor, MakeSocketPair());
  ASSIGN_OR_RETURN(SocketPair agent, MakeSocketPair());
  agent_ = std::move(agent.ours);
  RETURN_IF_ERROR(process_.Spawn(
      QemuCommand(config_, files_, network_),
      {{.source = monitor.theirs.get(), .target = kQemuMonitorFd},
       {.source = agent.theirs.get(), .target = kQemuAgentFd},
       {.source = files.get(), .target = kQemuVirtiofsFd}},
      [this] { OnExited(); }, network_.nics.empty() ? "" : network_.path));
  // For `delete` (R6).
  RETURN_IF_ERROR(
      container::RecordProcess(absl::StrCat(files_.directory, "/vmm.pid"), process_.pid()));
  monitor_.OnEvent([this](const QmpMessage& event) { OnEvent(event); });
  monitor_.OnLost([this] {
    if (!process_.alive()) OnExited();
  });
  monitor_.Open(std::move(monitor.ours), config_.launch_timeout,
                [this](const absl::Status& status) {
                  if (started_ == nullptr) return;
                  status.ok() ? Boot() : FailStart(status);
                });
  return absl::OkStatus();
}

void Qemu::Boot() {
  monitor_.Execute("cont", "", config_.boot_timeout,
                   [this](const absl::StatusOr<std::string>& answer) {
                     if (started_ == nullptr) return;
                     answer.ok() ? Started(answer.status()) : FailStart(answer.status());
                   });
}

// A monitor or a virtiofsd goes with a program that ends as well: how that has ended says more.
void Qemu::FailStart(const absl::Status& why) {
  if (!absl::IsUnavailable(why) || !process_.alive()) return Started(why);
  limit_.Set(kTermTimeout, [this, why] { Started(why); });
}

void Qemu::Started(const absl::Status& status) {
  limit_.Clear();
  if (started_ == nullptr) return;
  if (status.ok()) return std::exchange(started_, nullptr)(status);
  const absl::Status why(
      status.code(),
      absl::StrCat("hypervisor ", config_.path, ": ", status.message(),
                   process_.pid() > 0 ? "; it " : "", process_.pid() > 0 ? DescribeEnd() : ""));
  process_.Kill(SIGKILL);
  std::exchange(started_, nullptr)(why);  // may destroy this
}

// What it said last is read first.
void Qemu::OnExited() {
  if (monitor_.connected()) return;
  if (stopped_ != nullptr) return Ended();
  if (started_ != nullptr) return Started(absl::UnavailableError("the program has ended"));
  limit_.Clear();
  if (exited_ != nullptr) std::exchange(exited_, nullptr)();  // may destroy this
}

// Without its files a guest is of no use (F14). A daemon whose hypervisor has ended follows it.
void Qemu::OnDaemonExited() {
  if (stopped_ != nullptr) return Ended();
  if (!process_.alive()) return;
  if (started_ != nullptr) return FailStart(absl::UnavailableError("its virtiofsd has ended"));
  limit_.Set(kTermTimeout, [this] {
    if (exited_ != nullptr) std::exchange(exited_, nullptr)();  // may destroy this
  });
}

std::string Qemu::DescribeEnd() {
  if (process_.alive() && daemon_.process().pid() > 0 && !daemon_.process().alive()) {
    return absl::StrCat("has lost its virtiofsd, which ", daemon_.process().DescribeEnd());
  }
  return absl::StrCat(reason_.empty() ? "" : absl::StrCat("(", reason_, ") "),
                      process_.DescribeEnd());
}

// --- stop -----------------------------------------------------------------------------------

void Qemu::Stop(shim::Done<> done) {
  stopped_ = std::move(done);
  exited_ = nullptr;
  if (!process_.alive()) return Ended();
  if (!monitor_.ready()) return Terminate();
  limit_.Set(config_.stop_timeout, [this] { Terminate(); });
  // The answer does not matter: the end of the process does.
  monitor_.Execute("quit", "", config_.stop_timeout,
                   [this](const absl::StatusOr<std::string>& answer) {
                     if (!answer.ok() && !absl::IsUnavailable(answer.status())) Terminate();
                   });
}

void Qemu::Terminate() {
  process_.Kill(SIGTERM);
  limit_.Set(kTermTimeout, [this] { process_.Kill(SIGKILL); });
}

// Both have: nobody holds the shared directory any more.
void Qemu::Ended() {
  if (process_.alive()) return;
  if (daemon_.process().alive()) {
    return limit_.Set(kTermTimeout, [this] { daemon_.process().Kill(SIGKILL); });
  }
  limit_.Clear();
  std::exchange(stopped_, nullptr)(absl::OkStatus());  // may destroy this
}

// --- the running machine --------------------------------------------------------------------

void Qemu::OnEvent(const QmpMessage& event) {
  if (event.name == "SHUTDOWN") reason_ = MemberOf(event.text, "reason");
  if (event.name == "DEVICE_DELETED") {
    FinishRemoval(MemberOf(event.text, "device"), absl::OkStatus());
  }
}

void Qemu::Tell(const char* command, const std::string& arguments, shim::Done<> done) {
  monitor_.Execute(command, arguments, config_.api_timeout,
                   [done = std::move(done)](const absl::StatusOr<std::string>& answer) mutable {
                     done(answer.status());
                   });
}

void Qemu::Pause(shim::Done<> done) { Tell("stop", "", std::move(done)); }
void Qemu::Resume(shim::Done<> done) { Tell("cont", "", std::move(done)); }
void Qemu::Check(shim::Done<> done) { Tell("query-status", "", std::move(done)); }

void Qemu::Resize(std::uint32_t, std::uint64_t, shim::Done<> done) {
  done(absl::UnimplementedError("a QEMU of this shim cannot be resized"));
}

void Qemu::AddDevice(VmDevice device, shim::Done<std::string> done) {
  const std::string id = device.id;
  Tell("blockdev-add", Dump(DiskOf(device)),
       [this, id, done = std::move(done)](absl::Status added) mutable {
         if (!added.ok()) return done(std::move(added));
         PlugDisk(id, std::move(done));
       });
}

void Qemu::PlugDisk(const std::string& id, shim::Done<std::string> done) {
  const json arguments = {{"driver", "virtio-blk-pci"}, {"id", id}, {"drive", NodeOf(id)}};
  Tell("device_add", Dump(arguments),
       [this, id, done = std::move(done)](const absl::Status& plugged) mutable {
         if (!plugged.ok()) {
           return Tell(
               "blockdev-del", Dump({{"node-name", NodeOf(id)}}),
               [plugged, done = std::move(done)](const absl::Status&) mutable { done(plugged); });
         }
         const json place = {{"path", absl::StrCat("/machine/peripheral/", id)},
                             {"property", "addr"}};
         monitor_.Execute(
             "qom-get", Dump(place), config_.api_timeout,
             [done = std::move(done)](const absl::StatusOr<std::string>& answer) mutable {
               if (!answer.ok()) return done(answer.status());
               const json address = json::parse(*answer, nullptr, /*allow_exceptions=*/false);
               if (!address.is_number_unsigned()) {
                 return done(absl::InternalError(
                     absl::StrCat("addr of a device: expected a number, not ", *answer)));
               }
               done(PciAddress(address.get<unsigned>()));
             });
       });
}

void Qemu::RemoveDevice(std::string id, shim::Done<> done) {
  Removal& removal = removals_.emplace_back(context_.loop, id, std::move(done));
  removal.limit.Set(config_.api_timeout, [this, id] {
    FinishRemoval(
        id, absl::DeadlineExceededError(absl::StrCat("the guest does not let go of device ", id)));
  });
  Tell("device_del", Dump({{"id", id}}), [this, id](const absl::Status& asked) {
    if (!asked.ok()) FinishRemoval(id, asked);
  });
}

void Qemu::FinishRemoval(const std::string& id, const absl::Status& status) {
  const auto found = std::find_if(removals_.begin(), removals_.end(),
                                  [&id](const Removal& removal) { return removal.id == id; });
  if (found == removals_.end()) return;
  shim::Done<> done = std::move(found->done);
  removals_.erase(found);
  if (!status.ok()) return done(status);
  Tell("blockdev-del", Dump({{"node-name", NodeOf(id)}}), std::move(done));
}

void Qemu::Connect(std::uint32_t port, shim::Done<base::UniqueFd> done) {
  if (port != config_.agent_port) {
    return done(absl::UnimplementedError(
        absl::StrCat("port ", port, ": a guest of QEMU has the agent's alone")));
  }
  if (!agent_.ok()) {
    return done(absl::FailedPreconditionError("the port of the agent has been connected already"));
  }
  done(std::move(agent_));
}

}  // namespace backends
