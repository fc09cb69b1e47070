// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/daemon.h"

#include <csignal>
#include <utility>

#include "reference-shim/shim/limits.h"

namespace shim {
namespace {

// The same table under both names: the messages are the same (VERS-05).
constexpr absl::string_view kTaskV2 = "containerd.task.v2.Task";
constexpr absl::string_view kTaskV3 = "containerd.task.v3.Task";

using SandboxV1 = containerd::runtime::sandbox::v1::SandboxService;

}  // namespace

Daemon::Daemon(boost::asio::io_context& loop, base::ChildReaper& reaper, base::Log& log,
               const DaemonSpec& spec, const BackendFactory& factory)
    : loop_(loop),
      log_(log),
      publisher_(loop, spec.event_address, spec.namespace_name, log),
      events_([this](absl::string_view topic, absl::string_view type, std::string event) {
        log_.Debug("event ", topic);
        publisher_.Publish(topic, type, std::move(event));
      }),
      rootfs_(loop, reaper),
      backend_(factory({.loop = loop,
                        .reaper = reaper,
                        .log = log,
                        .namespace_name = spec.namespace_name,
                        .calls = &calls_})),
      context_{.loop = loop,
               .reaper = reaper,
               .log = log,
               .backend = *backend_,
               .rootfs = rootfs_,
               .events = events_,
               .namespace_name = spec.namespace_name},
      service_(context_, [this] { ShutDown(); }),
      sandbox_(context_, service_),
      server_(loop, router_, log),
      signals_(loop) {
  router_.Add(TaskService::Bind(service_, kTaskV2));
  router_.Add(TaskService::Bind(service_, kTaskV3));
  router_.Add(SandboxV1::Bind(sandbox_));
  router_.Observe([this](absl::string_view, absl::string_view method, absl::string_view payload) {
    return calls_.Begin(method, payload);
  });
}

absl::Status Daemon::Serve(base::UniqueFd listener, SocketFile file) {
  socket_file_ = std::move(file);
  const absl::Status watched =
      signals_.Start({SIGTERM, SIGINT, SIGUSR1}, [this](int signo) { OnSignal(signo); });
  if (!watched.ok()) return watched;
  return server_.Serve(std::move(listener));
}

bool Daemon::Run() {
  loop_.run();
  return service_.idle() && sandbox_.idle();
}

void Daemon::OnSignal(int signo) {
  if (signo == SIGUSR1) {
    sandbox_.Dump();
    return service_.Dump();
  }
  log_.Info("ends on signal ", signo);
  ShutDown();
}

void Daemon::ShutDown() {
  if (std::exchange(ending_, true)) return;
  service_.Close();
  sandbox_.Close();
  // First of all: from now on `start` makes a new shim instead of finding this one.
  const absl::Status removed = RemoveSocketFile(socket_file_);
  if (!removed.ok()) log_.Warning(removed.message());
  publisher_.Flush(kFlushTimeout, guard_.Wrap([this] { CloseServer(); }));
}

void Daemon::CloseServer() {
  service_.AnswerShutdown();
  sandbox_.AnswerShutdown();
  server_.Drain(kServerDrainTimeout, guard_.Wrap([this] { loop_.stop(); }));
}

}  // namespace shim
