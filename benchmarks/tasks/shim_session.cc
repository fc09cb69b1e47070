// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/tasks/shim_session.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/fifo.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "benchmarks/tasks/run_program.h"
#include "containerd/bootstrap.h"
#include "fakes/containerd/bundle_maker.h"
#include "fakes/containerd/shim_invoker.h"
#include "oci/spec_writer.h"
#include "task/v3/task.pb.h"
#include "ttrpc/client.h"

namespace benchmarks::tasks {
namespace {

namespace v3 = ::containerd::task::v3;

constexpr char kNamespace[] = "benchmark";
constexpr std::chrono::seconds kPatience{60};

}  // namespace

struct ShimSession::Impl {
  boost::asio::io_context& loop;
  const Place& place;
  Order order;
  std::string service = "containerd.task.v2.Task";
  std::string address{};
  std::string bundle{};
  base::UniqueFd log{};
  std::unique_ptr<ttrpc::Client> client{};
  pid_t pid = -1;
  Clock::duration start_took{};
  Clock::duration first_answer_took{};

  absl::Status MakeBundle();
  absl::Status RunStart();
  absl::Status Connect(Time begin);
};

absl::Status ShimSession::Impl::MakeBundle() {
  bundle = absl::StrCat(place.directory, "/", order.id);
  ASSIGN_OR_RETURN(const std::string config,
                   oci::WriteSpec(ContainerSpec(place, order.id, {"/bin/pause"})));
  RETURN_IF_ERROR(fakes::MakeBundle(
      {.path = bundle, .work_directory = bundle + "-work", .config_json = config}));
  ASSIGN_OR_RETURN(log, base::OpenFifoBothEnds(bundle + "/log", /*nonblocking=*/true));
  return absl::OkStatus();
}

absl::Status ShimSession::Impl::RunStart() {
  const fakes::Daemon containerd{.shim = order.shim,
                                 .grpc_address = place.directory + "/containerd.sock",
                                 .ttrpc_address = order.events,
                                 .publish_binary = "/usr/bin/containerd",
                                 .env = order.env};
  const fakes::ShimAction action{
      .ns = kNamespace, .id = order.id, .bundle = bundle, .working_directory = bundle};
  // As containerd up to 2.2 does it without runtime options: nothing on stdin.
  const fakes::CommandSpec command = fakes::StartCommand(containerd, action, "");
  ProgramOrder program{.path = command.path, .argv = command.arguments, .env = {}, .cwd = bundle};
  program.argv.insert(program.argv.begin(), command.path);
  for (const std::string& entry : command.env.value_or(std::vector<std::string>())) {
    const std::size_t equals = entry.find('=');
    program.env[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  ASSIGN_OR_RETURN(const ProgramRun run, RunProgram(program));
  ASSIGN_OR_RETURN(const containerd::BootstrapResult result,
                   containerd::ParseStartResult(run.output));
  address = std::string(absl::StripPrefix(result.address, "unix://"));
  if (result.version >= 3) service = "containerd.task.v3.Task";
  return absl::OkStatus();
}

absl::Status ShimSession::Impl::Connect(Time begin) {
  ASSIGN_OR_RETURN(base::UniqueFd socket, ttrpc::ConnectUnix(address));
  client = std::make_unique<ttrpc::Client>(loop, std::move(socket));
  v3::ConnectRequest request;
  request.set_id(order.id);
  absl::Status answered = absl::UnknownError("");
  client->Call(service, "Connect", request.SerializeAsString(), {},
               [&](const absl::StatusOr<std::string>& reply) {
                 first_answer_took = Clock::now() - begin;
                 answered = reply.status();
                 v3::ConnectResponse response;
                 if (reply.ok() && response.ParseFromString(*reply)) {
                   pid = static_cast<pid_t>(response.shim_pid());
                 }
               });
  RETURN_IF_ERROR(RunUntil(loop, [&] { return !absl::IsUnknown(answered); }));
  RETURN_IF_ERROR(base::Annotate(answered, "Connect"));
  return pid > 0 ? absl::OkStatus() : absl::InternalError("Connect names no pid of the shim");
}

absl::StatusOr<std::unique_ptr<ShimSession>> ShimSession::Start(boost::asio::io_context& loop,
                                                                const Place& place, Order order) {
  auto impl = std::make_unique<Impl>(Impl{.loop = loop, .place = place, .order = std::move(order)});
  RETURN_IF_ERROR(impl->MakeBundle());
  const Time begin = Clock::now();
  RETURN_IF_ERROR(impl->RunStart());
  impl->start_took = Clock::now() - begin;
  RETURN_IF_ERROR(impl->Connect(begin));
  return std::unique_ptr<ShimSession>(new ShimSession(std::move(impl)));
}

ShimSession::ShimSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ShimSession::~ShimSession() {
  impl_->client.reset();
  if (impl_->pid <= 0) return;
  // Nobody keeps events for it any more, so it need not be asked.
  ::kill(impl_->pid, SIGKILL);
  while (::waitpid(impl_->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void ShimSession::Call(const std::string& method, const std::string& payload, Done done) {
  impl_->client->Call(impl_->service, method, payload, {},
                      [method, done = std::move(done)](absl::StatusOr<std::string> reply) {
                        if (!reply.ok()) return done(base::Annotate(reply.status(), method));
                        done(std::move(reply));
                      });
}

boost::asio::io_context& ShimSession::loop() { return impl_->loop; }
const Place& ShimSession::place() const { return impl_->place; }
pid_t ShimSession::pid() const { return impl_->pid; }
Clock::duration ShimSession::start_took() const { return impl_->start_took; }
Clock::duration ShimSession::first_answer_took() const { return impl_->first_answer_took; }

absl::Status RunUntil(boost::asio::io_context& loop, const std::function<bool()>& done) {
  const Time limit = Clock::now() + kPatience;
  while (!done()) {
    loop.restart();
    if (loop.run_one_until(limit) > 0) continue;
    if (Clock::now() >= limit) return absl::UnavailableError("no answer within a minute");
    return absl::UnavailableError("no answer, and nothing that could bring one");
  }
  return absl::OkStatus();
}

}  // namespace benchmarks::tasks
