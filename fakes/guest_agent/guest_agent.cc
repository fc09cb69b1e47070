// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_agent.h"

#include <absl/strings/str_cat.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/status_macros.h"
#include "fakes/guest_agent/agent_faults.h"
#include "fakes/guest_agent/agent_service.h"
#include "fakes/guest_agent/guest.h"
#include "fakes/guest_agent/guest_context.h"
#include "ttrpc/router.h"
#include "ttrpc/server_connection.h"

namespace fakes {
namespace {

absl::Status CheckConfig(const GuestConfig& config) {
  struct stat info {};
  if (config.run_directory.empty() || config.run_directory[0] != '/' ||
      ::stat(config.run_directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("run_directory \"", config.run_directory,
                                                   "\": expected an existing absolute directory"));
  }
  if (!config.shared_directory.empty() && config.shared_directory[0] != '/') {
    return absl::InvalidArgumentError(absl::StrCat("shared_directory \"", config.shared_directory,
                                                   "\": expected an absolute path"));
  }
  return absl::OkStatus();
}

// The pid is for people: agents in several pid namespaces have the same one, and the host's tree of
// cgroups in common.
absl::StatusOr<std::string> NewCgroupName() {
  std::uint64_t number = 0;
  while (::getrandom(&number, sizeof(number), 0) != static_cast<ssize_t>(sizeof(number))) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "getrandom for the guest's cgroup");
  }
  return absl::StrCat("guest-", ::getpid(), "-", absl::Hex(number, absl::kZeroPad16));
}

// A process that no longer reads its stdin is an error of a write.
class PipeSignalIgnored {
 public:
  PipeSignalIgnored() : before_(::signal(SIGPIPE, SIG_IGN)) {}
  ~PipeSignalIgnored() { ::signal(SIGPIPE, before_); }
  PipeSignalIgnored(const PipeSignalIgnored&) = delete;
  PipeSignalIgnored& operator=(const PipeSignalIgnored&) = delete;

 private:
  void (*before_)(int);
};

}  // namespace

struct GuestAgent::Impl final : ttrpc::ServerConnection::Owner {
  Impl(boost::asio::io_context& loop, GuestConfig config, base::Log& log,
       std::unique_ptr<base::ChildReaper> own_reaper, container::CgroupMounts cgroups)
      : reaper(std::move(own_reaper)),
        context{.loop = loop,
                .reaper = *reaper,
                .log = log,
                .config = config,
                .paths = GuestPaths(config),
                .disks = {},
                .network = GuestNetwork(config.is_init),
                .works = ForkedWorks(*reaper),
                .cgroups = std::move(cgroups),
                .cgroup = config.cgroup,
                .ooms = {},
                .hooks = {},
                .cleaner = nullptr,
                .keeper = nullptr},
        power_off(config.power_off),
        guest(context),
        service(context, guest),
        faults(loop, config.fault_directory,
               {.reset = WhileAlive([](Impl& self) { self.CloseConnections(); }),
                .power_off = WhileAlive([](Impl& self) { self.PowerOff(); })}) {
    context.config.power_off = WhileAlive([](Impl& self) { self.PowerOff(); });
    router.Add(faults.Wrap(grpc::AgentService::Bind(service)));
    router.Add(faults.Wrap(grpc::HealthService::Bind(health)));
  }

  void OnConnectionClosed(ttrpc::ServerConnection& connection) override {
    connections.erase(&connection);
  }

  // For what is posted to the loop.
  std::function<void()> WhileAlive(void (*act)(Impl&)) const {
    return [weak = std::weak_ptr<Impl*>(alive), act] {
      if (const auto self = weak.lock()) act(**self);
    };
  }

  void PowerOff() const {
    if (power_off) power_off();
  }

  void CloseConnections() {
    for (const auto& [pointer, connection] : std::exchange(connections, {})) connection->Close();
  }

  void Stop() {
    CloseConnections();
    guest.Teardown();
  }

  const std::shared_ptr<Impl*> alive = std::make_shared<Impl*>(this);  // owned here alone
  const PipeSignalIgnored pipe_signal;
  std::unique_ptr<base::ChildReaper> reaper;
  GuestContext context;
  const std::function<void()> power_off;  // may be empty
  Guest guest;
  AgentService service;
  HealthService health;
  AgentFaults faults;
  ttrpc::Router router;
  // Shared with the pending asynchronous operations of each.
  std::map<ttrpc::ServerConnection*, std::shared_ptr<ttrpc::ServerConnection>> connections;
};

absl::StatusOr<std::unique_ptr<GuestAgent>> GuestAgent::Create(boost::asio::io_context& loop,
                                                               GuestConfig config, base::Log& log) {
  RETURN_IF_ERROR(CheckConfig(config));
  if (config.cgroup.empty()) {
    ASSIGN_OR_RETURN(config.cgroup, NewCgroupName());
  }
  ASSIGN_OR_RETURN(std::unique_ptr<base::ChildReaper> reaper, base::ChildReaper::Create(loop));
  absl::StatusOr<container::CgroupMounts> cgroups = container::CgroupMounts::Read();
  if (!cgroups.ok()) cgroups = container::CgroupMounts();  // containers run without
  return std::unique_ptr<GuestAgent>(new GuestAgent(std::make_unique<Impl>(
      loop, std::move(config), log, std::move(reaper), *std::move(cgroups))));
}

GuestAgent::GuestAgent(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GuestAgent::~GuestAgent() { Stop(); }

void GuestAgent::Serve(base::UniqueFd connection) {
  auto made = std::make_shared<ttrpc::ServerConnection>(impl_->context.loop, impl_->router,
                                                        impl_->context.log, *impl_);
  const absl::Status started = made->Start(std::move(connection));
  if (!started.ok()) return impl_->context.log.Warning("connection refused: ", started.message());
  impl_->connections.emplace(made.get(), std::move(made));
}

void GuestAgent::AddDisk(const std::string& bdf, GuestDisk disk) {
  impl_->context.disks.Add(bdf, std::move(disk));
}

void GuestAgent::RemoveDisk(const std::string& bdf) { impl_->context.disks.Remove(bdf); }

absl::StatusOr<base::UniqueFd> GuestAgent::AddNic(const std::string& mac, unsigned header_bytes) {
  return impl_->context.network.AddNic(mac, header_bytes);
}

void GuestAgent::Stop() { impl_->Stop(); }

}  // namespace fakes
