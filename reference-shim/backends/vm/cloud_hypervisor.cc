// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/cloud_hypervisor.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "container/recorded_process.h"
#include "reference-shim/backends/vm/guest_disk.h"
#include "reference-shim/backends/vm/limits.h"
#include "reference-shim/backends/vm/trace.h"
#include "vm/guest_channel.h"

namespace backends {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMebibyte = 1ULL << 20;
// Every VM has a vsock of its own: 3 is the first number that is not taken by hosts.
constexpr int kGuestCid = 3;
constexpr int kVirtiofsQueueSize = 1024;
// A pair of them: a tap that has one queue.
constexpr int kNicQueues = 2;
constexpr int kNicQueueSize = 256;

// Room for memory that comes later, in whole blocks.
std::uint64_t HotplugBytes(const VmConfig& config) {
  const std::uint64_t more = std::max(config.memory_mib_max, config.memory_mib) - config.memory_mib;
  return more * kMebibyte / kMemoryBlockBytes * kMemoryBlockBytes;
}

// What a device that was added has become in the guest, "0000:00:05.0".
absl::StatusOr<std::string> PlaceIn(const std::string& answer, const char* command) {
  const json parsed = json::parse(answer, nullptr, /*allow_exceptions=*/false);
  const auto bdf = parsed.is_object() ? parsed.find("bdf") : parsed.end();
  if (!parsed.is_object() || bdf == parsed.end() || !bdf->is_string()) {
    return absl::InternalError(
        absl::StrCat(command, ": expected an object with bdf, not ", answer));
  }
  return bdf->get<std::string>();
}

}  // namespace

std::string CloudHypervisorVm(const VmConfig& config, const std::string& vsock_socket,
                              const std::string& virtiofs_socket) {
  json vm = {
      {"cpus",
       {{"boot_vcpus", config.vcpus}, {"max_vcpus", std::max(config.vcpus, config.vcpus_max)}}},
      {"memory", {{"size", config.memory_mib * kMebibyte}, {"shared", true}}},
      {"payload", {{"kernel", config.kernel}, {"cmdline", config.command_line}}},
      {"rng", {{"src", "/dev/urandom"}}},
      {"serial", {{"mode", "Null"}}},
      {"console", {{"mode", "Off"}}},
      {"vsock", {{"cid", kGuestCid}, {"socket", vsock_socket}}},
  };
  if (!config.initrd.empty()) vm["payload"]["initramfs"] = config.initrd;
  if (!config.image.empty()) {
    vm["disks"] = json::array({{{"path", config.image}, {"readonly", true}}});
  }
  if (HotplugBytes(config) > 0) vm["memory"]["hotplug_size"] = HotplugBytes(config);
  if (!virtiofs_socket.empty()) {
    vm["fs"] = json::array({{{"tag", vm::kSharedTag},
                             {"socket", virtiofs_socket},
                             {"num_queues", 1},
                             {"queue_size", kVirtiofsQueueSize}}});
  }
  return vm.dump(-1, ' ', false, json::error_handler_t::replace);
}

CloudHypervisor::CloudHypervisor(const shim::BackendContext& context, const VmConfig& config,
                                 const VmFiles& files, PodNetwork& network, Tracer* tracer)
    : context_(context),
      config_(config),
      network_(network),
      tracer_(tracer),
      shared_(files.shared),
      api_socket_(absl::StrCat(files.directory, "/api.sock")),
      vsock_socket_(absl::StrCat(files.directory, "/vsock.sock")),
      virtiofs_socket_(config.virtiofsd.empty() ? ""
                                                : absl::StrCat(files.directory, "/virtiofs.sock")),
      pid_file_(absl::StrCat(files.directory, "/vmm.pid")),
      process_(context),
      daemon_(context),
      limit_(context.loop),
      retry_(context.loop),
      daemon_lost_(context.loop) {}

HypervisorCapabilities CloudHypervisor::capabilities() const {
  return {.block_hotplug = true, .hybrid_vsock = true, .resize = true};
}

// --- start ----------------------------------------------------------------------------------

void CloudHypervisor::Start(shim::Done<> done) {
  started_ = std::move(done);
  const absl::Status spawned = Spawn();
  if (!spawned.ok()) return Started(spawned);
  pause_ = kConnectPauseMin;
  limit_.Set(config_.launch_timeout, [this] {
    Started(absl::DeadlineExceededError(
        absl::StrCat("its API did not answer within ", config_.launch_timeout.count(), " ms")));
  });
  AwaitApi();
}

absl::Status CloudHypervisor::Spawn() {
  if (!virtiofs_socket_.empty()) {
    RETURN_IF_ERROR(base::Annotate(
        daemon_.StartAt(config_.virtiofsd, shared_, virtiofs_socket_, [this] { OnDaemonExited(); }),
        "virtiofsd"));
  }
  std::vector<std::string> argv = {config_.path, "--api-socket", api_socket_};
  for (const std::string& argument : config_.arguments) {
    argv.push_back(absl::StrReplaceAll(argument, {{"${shared}", shared_}}));
  }
  RETURN_IF_ERROR(process_.Spawn(
      std::move(argv), {}, [this] { OnExited(); }, network_.nics.empty() ? "" : network_.path));
  // For `delete` (R6).
  return container::RecordProcess(pid_file_, process_.pid());
}

void CloudHypervisor::AwaitApi() {
  Call("GET", "vmm.ping", "", config_.launch_timeout,
       [this](const absl::StatusOr<std::string>& pong) {
         if (started_ == nullptr) return;
         if (pong.ok()) return CreateVm();
         // Nobody listens yet; a response that is none is final.
         if (!absl::IsUnavailable(pong.status()) && !absl::IsNotFound(pong.status())) {
           return Started(pong.status());
         }
         retry_.Set(std::exchange(pause_, std::min(2 * pause_, kConnectPauseMax)),
                    [this] { AwaitApi(); });
       });
}

void CloudHypervisor::CreateVm() {
  api_ready_ = true;
  limit_.Set(config_.boot_timeout, [this] {
    Started(absl::DeadlineExceededError(
        absl::StrCat("did not boot within ", config_.boot_timeout.count(), " ms")));
  });
  Put("vm.create", CloudHypervisorVm(config_, vsock_socket_, virtiofs_socket_),
      [this](const absl::Status& status) {
        if (started_ == nullptr) return;
        status.ok() ? AddNics(0) : Started(status);
      });
}

// One after the other: in this order the guest finds them.
void CloudHypervisor::AddNics(std::size_t next) {
  if (next == network_.nics.size()) return BootVm();
  const PodNic& nic = network_.nics[next];
  const json body = {{"id", NicId(next)},        {"tap", nic.tap},
                     {"mac", nic.link.mac},      {"mtu", nic.link.mtu},
                     {"num_queues", kNicQueues}, {"queue_size", kNicQueueSize}};
  Call("PUT", "vm.add-net", body.dump(-1, ' ', false, json::error_handler_t::replace),
       config_.api_timeout, [this, next](const absl::StatusOr<std::string>& answer) {
         if (started_ == nullptr) return;
         // One that is there from the start may have no place yet (204).
         absl::StatusOr<std::string> place =
             answer.ok() && !answer->empty() ? PlaceIn(*answer, "vm.add-net") : answer;
         if (place.ok() && !place->empty()) place = PciPath(*place);
         if (!place.ok()) {
           return Started(base::Annotate(place.status(), network_.nics[next].link.name));
         }
         network_.nics[next].place = *std::move(place);
         AddNics(next + 1);
       });
}

void CloudHypervisor::BootVm() {
  Put("vm.boot", "", [this](const absl::Status& status) {
    if (started_ != nullptr) Started(status);
  });
}

void CloudHypervisor::Started(const absl::Status& status) {
  limit_.Clear();
  retry_.Clear();
  if (status.ok()) return std::exchange(started_, nullptr)(status);
  const absl::Status why(
      status.code(),
      absl::StrCat("hypervisor ", config_.path, ": ", status.message(),
                   process_.pid() > 0 ? "; it " : "", process_.pid() > 0 ? DescribeEnd() : ""));
  process_.Kill(SIGKILL);
  std::exchange(started_, nullptr)(why);  // may destroy this
}

void CloudHypervisor::OnExited() {
  daemon_lost_.Clear();
  if (stopped_ != nullptr) return Ended();
  if (started_ != nullptr) return Started(absl::UnavailableError("the program has ended"));
  if (exited_ != nullptr) std::exchange(exited_, nullptr)();  // may destroy this
}

// Without its files a guest is of no use (F14). A daemon whose hypervisor has ended follows it, and
// may be seen first.
void CloudHypervisor::OnDaemonExited() {
  if (stopped_ != nullptr) return Ended();
  if (!process_.alive()) return;
  daemon_lost_.Set(kTermTimeout, [this] {
    if (started_ != nullptr) return Started(absl::UnavailableError("its virtiofsd has ended"));
    if (exited_ != nullptr) std::exchange(exited_, nullptr)();  // may destroy this
  });
}

std::string CloudHypervisor::DescribeEnd() {
  if (process_.alive() && daemon_.process().pid() > 0 && !daemon_.process().alive()) {
    return absl::StrCat("has lost its virtiofsd, which ", daemon_.process().DescribeEnd());
  }
  return process_.DescribeEnd();
}

// --- stop -----------------------------------------------------------------------------------

void CloudHypervisor::Stop(shim::Done<> done) {
  stopped_ = std::move(done);
  exited_ = nullptr;
  daemon_lost_.Clear();
  if (!process_.alive()) return Ended();
  if (!api_ready_) return Terminate();
  limit_.Set(config_.stop_timeout, [this] { Terminate(); });
  // The answer does not matter, and often there is none (F6): the end of the process does.
  Call("PUT", "vmm.shutdown", "", config_.stop_timeout,
       [this](const absl::StatusOr<std::string>& answer) {
         if (!answer.ok() && !absl::IsUnavailable(answer.status())) Terminate();
       });
}

void CloudHypervisor::Terminate() {
  process_.Kill(SIGTERM);
  limit_.Set(kTermTimeout, [this] { process_.Kill(SIGKILL); });
}

// Both have. Nothing is left to a daemon without its hypervisor, which it may never have met.
void CloudHypervisor::Ended() {
  if (process_.alive()) return;
  if (daemon_.process().alive()) return daemon_.process().Kill(SIGKILL);
  limit_.Clear();
  std::exchange(stopped_, nullptr)(absl::OkStatus());  // may destroy this
}

// --- the running machine --------------------------------------------------------------------

void CloudHypervisor::Call(const char* method, const char* command, std::string body,
                           std::chrono::milliseconds timeout, shim::Done<std::string> done) {
  const std::string path = absl::StrCat("/api/v1/", command);
  if (tracer_ != nullptr) {
    done = tracer_->Trace(absl::StrCat(method, " ", path), std::move(done));
  }
  const auto call = calls_.emplace(calls_.end(), context_.loop);
  call->Run(api_socket_, {.method = method, .path = path, .body = std::move(body)}, timeout,
            [this, call, command,
             done = std::move(done)](const absl::StatusOr<HttpReply>& reply) mutable {
              std::list<HttpCall> finished;  // goes when this returns
              finished.splice(finished.end(), calls_, call);
              if (!reply.ok()) return done(base::Annotate(reply.status(), command));
              if (reply->ok()) return done(reply->body);
              done(absl::InternalError(absl::StrCat(command, ": HTTP ", reply->status, " ",
                                                    absl::StripAsciiWhitespace(reply->body))));
            });
}

void CloudHypervisor::Put(const char* command, std::string body, shim::Done<> done) {
  Call("PUT", command, std::move(body), config_.api_timeout,
       [done = std::move(done)](const absl::StatusOr<std::string>& answer) mutable {
         done(answer.status());
       });
}

void CloudHypervisor::Pause(shim::Done<> done) { Put("vm.pause", "", std::move(done)); }
void CloudHypervisor::Resume(shim::Done<> done) { Put("vm.resume", "", std::move(done)); }

void CloudHypervisor::Resize(std::uint32_t vcpus, std::uint64_t memory_bytes, shim::Done<> done) {
  Put("vm.resize", json{{"desired_vcpus", vcpus}, {"desired_ram", memory_bytes}}.dump(),
      std::move(done));
}

void CloudHypervisor::AddDevice(VmDevice device, shim::Done<std::string> done) {
  const json body = {{"id", device.id}, {"path", device.path}, {"readonly", device.readonly}};
  Call("PUT", "vm.add-disk", body.dump(-1, ' ', false, json::error_handler_t::replace),
       config_.api_timeout,
       [done = std::move(done)](const absl::StatusOr<std::string>& answer) mutable {
         done(answer.ok() ? PlaceIn(*answer, "vm.add-disk") : answer);
       });
}

void CloudHypervisor::RemoveDevice(std::string id, shim::Done<> done) {
  Put("vm.remove-device",
      json{{"id", std::move(id)}}.dump(-1, ' ', false, json::error_handler_t::replace),
      std::move(done));
}

void CloudHypervisor::Connect(std::uint32_t port, shim::Done<base::UniqueFd> done) {
  const auto dial = dials_.emplace(dials_.end(), context_.loop);
  dial->Run(
      vsock_socket_, port, config_.agent_timeout,
      [this, dial, done = std::move(done)](absl::StatusOr<base::UniqueFd> connection) mutable {
        std::list<VsockDial> finished;
        finished.splice(finished.end(), dials_, dial);
        done(std::move(connection));
      });
}

void CloudHypervisor::Check(shim::Done<> done) {
  Call("GET", "vmm.ping", "", config_.api_timeout,
       [done = std::move(done)](const absl::StatusOr<std::string>& answer) mutable {
         done(answer.status());
       });
}

}  // namespace backends
