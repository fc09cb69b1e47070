// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_run_scripted_shim.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/subreaper.h"
#include "base/testing/child_main.h"
#include "base/unique_fd.h"
#include "containerd/event_publisher.h"
#include "containerd/timestamps.h"
#include "containerd/topics.h"
#include "events/task.pb.h"
#include "task/v2/task.ttrpc.h"
#include "ttrpc/router.h"
#include "ttrpc/server.h"

namespace conformance {
namespace {

namespace v3 = containerd::task::v3;
using google::protobuf::Empty;
using ttrpc::CallInfo;
using ttrpc::Reply;

constexpr int kSocketFd = 3;

std::string FlagOf(const std::vector<std::string>& arguments, const std::string& name) {
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == name) return arguments[i + 1];
  }
  return "";
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

class Daemon : public containerd::task::v2::TaskService {
 public:
  Daemon(std::string ns, std::string log_path)
      : script_(Variable("SCRIPT")),
        log_fd_(::open(log_path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)),
        publisher_(loop_, Variable("TTRPC_ADDRESS"), ns, log_),
        server_(loop_, router_, log_) {}

  int Serve(std::string socket_path) {
    socket_path_ = std::move(socket_path);
    bundle_ = socket_path_.substr(0, socket_path_.rfind('/'));
    auto reaper = base::ChildReaper::Create(loop_);
    if (!reaper.ok() || !base::BecomeSubreaper().ok()) return 1;
    reaper_ = *std::move(reaper);
    router_.Add(TaskService::Bind(*this));
    if (!server_.Serve(base::UniqueFd(kSocketFd)).ok()) return 1;
    asked_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) WriteLog("level=info msg=\"goroutine 1:\\n\\tin State\"\n");
    });
    loop_.run();
    // What an engine would have cleaned.
    containers_.clear();
    reaper_.reset();
    return 0;
  }

  void Create(const v3::CreateTaskRequest& request, const CallInfo&,
              Reply<v3::CreateTaskResponse> reply) override {
    Shout("Create");
    base::SpawnSpec spec;
    spec.path = "/bin/sleep";
    spec.argv = {"sleep", "1000"};
    auto child = base::Spawn(spec);
    if (!child.ok()) return std::move(reply)(child.status());
    Container& container = containers_[request.id()];
    container.pid = child->pid;
    std::ofstream(request.bundle() + "/init.pid") << child->pid;
    container.watch = reaper_->OnExit(
        child->pid,
        [this, id = request.id()](const base::ExitStatus& status) { OnExit(id, status); });
    containerd::events::TaskCreate event;
    event.set_container_id(request.id());
    event.set_pid(static_cast<std::uint32_t>(child->pid));
    Publish(containerd::kTaskCreateTopic, event);
    v3::CreateTaskResponse response;
    response.set_pid(event.pid());
    std::move(reply)(response);
  }

  void Start(const v3::StartRequest& request, const CallInfo&,
             Reply<v3::StartResponse> reply) override {
    Container* container = Find(request.id());
    if (container == nullptr) return std::move(reply)(absl::NotFoundError("no such task"));
    containerd::events::TaskStart event;
    event.set_container_id(request.id());
    event.set_pid(static_cast<std::uint32_t>(container->pid));
    Publish(containerd::kTaskStartTopic, event);
    v3::StartResponse response;
    response.set_pid(event.pid());
    std::move(reply)(response);
  }

  void State(const v3::StateRequest& request, const CallInfo&,
             Reply<v3::StateResponse> reply) override {
    if (script_ == "crashes-in-state") std::abort();
    if (script_ == "hangs-in-state") {
      hanging_.push_back(std::move(reply));
      return;
    }
    Container* container = Find(request.id());
    if (container == nullptr) return std::move(reply)(absl::NotFoundError("no such task"));
    v3::StateResponse response;
    response.set_id(request.id());
    response.set_pid(static_cast<std::uint32_t>(container->pid));
    response.set_status(container->exit ? containerd::types::STOPPED : containerd::types::RUNNING);
    std::move(reply)(response);
  }

  void Kill(const v3::KillRequest& request, const CallInfo&, Reply<Empty> reply) override {
    Container* container = Find(request.id());
    if (container == nullptr || container->exit) {
      return std::move(reply)(absl::NotFoundError("not running"));
    }
    ::kill(container->pid, static_cast<int>(request.signal()));
    std::move(reply)(Empty());
  }

  void Wait(const v3::WaitRequest& request, const CallInfo&,
            Reply<v3::WaitResponse> reply) override {
    Container* container = Find(request.id());
    if (container == nullptr) return std::move(reply)(absl::NotFoundError("no such task"));
    container->waiters.push_back(std::move(reply));
    AnswerWaiters(*container);
  }

  void Delete(const v3::DeleteRequest& request, const CallInfo&,
              Reply<v3::DeleteResponse> reply) override {
    if (script_ == "hangs-in-delete") {
      hanging_deletes_.push_back(std::move(reply));
      return;
    }
    Container* container = Find(request.id());
    if (container == nullptr) return std::move(reply)(absl::NotFoundError("no such task"));
    if (!container->exit) return std::move(reply)(absl::FailedPreconditionError("running"));
    containerd::events::TaskDelete event;
    event.set_container_id(request.id());
    event.set_pid(static_cast<std::uint32_t>(container->pid));
    event.set_exit_status(container->exit->ShellStatus());
    *event.mutable_exited_at() = containerd::ToTimestamp(container->exit->at);
    Publish(containerd::kTaskDeleteTopic, event);
    v3::DeleteResponse response;
    response.set_pid(event.pid() + (script_ == "second-pid" ? 1 : 0));
    response.set_exit_status(event.exit_status());
    *response.mutable_exited_at() = event.exited_at();
    containers_.erase(request.id());
    // Its number may soon be somebody else's.
    ::unlink((bundle_ + "/init.pid").c_str());
    std::move(reply)(response);
  }

  void Connect(const v3::ConnectRequest& request, const CallInfo&,
               Reply<v3::ConnectResponse> reply) override {
    Container* container = Find(request.id());
    v3::ConnectResponse response;
    response.set_shim_pid(static_cast<std::uint32_t>(::getpid()));
    if (container != nullptr) response.set_task_pid(static_cast<std::uint32_t>(container->pid));
    std::move(reply)(response);
  }

  void Shutdown(const v3::ShutdownRequest&, const CallInfo&, Reply<Empty> reply) override {
    std::move(reply)(Empty());
    if (script_ == "aborts-at-end") std::abort();
    if (!containers_.empty() || script_ == "lingers") return;
    ::unlink(socket_path_.c_str());
    server_.Drain(std::chrono::seconds(1), [this] { loop_.stop(); });
  }

#define UNIMPLEMENTED_CALL(method, request_type, response_type)                                \
  void method(const v3::request_type&, const CallInfo&, Reply<response_type> reply) override { \
    std::move(reply)(absl::UnimplementedError(#method));                                       \
  }
  UNIMPLEMENTED_CALL(Pids, PidsRequest, v3::PidsResponse)
  UNIMPLEMENTED_CALL(Pause, PauseRequest, Empty)
  UNIMPLEMENTED_CALL(Resume, ResumeRequest, Empty)
  UNIMPLEMENTED_CALL(Checkpoint, CheckpointTaskRequest, Empty)
  UNIMPLEMENTED_CALL(Exec, ExecProcessRequest, Empty)
  UNIMPLEMENTED_CALL(ResizePty, ResizePtyRequest, Empty)
  UNIMPLEMENTED_CALL(CloseIO, CloseIORequest, Empty)
  UNIMPLEMENTED_CALL(Update, UpdateTaskRequest, Empty)
  UNIMPLEMENTED_CALL(Stats, StatsRequest, v3::StatsResponse)
#undef UNIMPLEMENTED_CALL

 private:
  struct Container {
    pid_t pid = 0;
    base::ChildReaper::Watch watch;
    std::optional<base::ExitStatus> exit;
    std::vector<Reply<v3::WaitResponse>> waiters;
  };

  Container* Find(const std::string& id) {
    const auto found = containers_.find(id);
    return found == containers_.end() ? nullptr : &found->second;
  }
  template <typename Message>
  void Publish(const containerd::Topic& topic, const Message& message) {
    publisher_.Publish(topic.name, topic.type_name, message.SerializeAsString());
  }
  void OnExit(const std::string& id, const base::ExitStatus& status) {
    Container& container = containers_[id];
    container.exit = status;
    containerd::events::TaskExit event;
    event.set_container_id(id);
    event.set_id(id);
    event.set_pid(static_cast<std::uint32_t>(container.pid));
    event.set_exit_status(status.ShellStatus());
    *event.mutable_exited_at() = containerd::ToTimestamp(status.at);
    if (script_ != "forgets-exit") Publish(containerd::kTaskExitTopic, event);
    if (script_ == "doubles-exit") Publish(containerd::kTaskExitTopic, event);
    AnswerWaiters(container);
  }
  static void AnswerWaiters(Container& container) {
    if (!container.exit) return;
    v3::WaitResponse response;
    response.set_exit_status(container.exit->ShellStatus());
    *response.mutable_exited_at() = containerd::ToTimestamp(container.exit->at);
    for (auto& waiter : std::exchange(container.waiters, {})) std::move(waiter)(response);
  }
  void Shout(const std::string& what) const {
    if (script_ == "shouts") WriteLog(absl::StrCat("shouting ", what, "\n"));
  }
  void WriteLog(const std::string& line) const {
    if (::write(log_fd_.get(), line.data(), line.size()) < 0) std::abort();
  }

  const std::string script_;
  const base::UniqueFd log_fd_;
  std::string socket_path_;
  std::string bundle_;  // that the daemon was started for
  boost::asio::io_context loop_;
  boost::asio::signal_set asked_{loop_, SIGUSR1};  // for its stacks
  base::Log log_;
  std::unique_ptr<base::ChildReaper> reaper_;
  containerd::EventPublisher publisher_;
  ttrpc::Router router_;
  ttrpc::Server server_;
  std::map<std::string, Container> containers_;
  std::vector<Reply<v3::StateResponse>> hanging_;
  std::vector<Reply<v3::DeleteResponse>> hanging_deletes_;
};

int StartScripted(const std::vector<std::string>& arguments) {
  if (Variable("SCRIPT") == "refuses-start") {
    std::fputs("refusing to start\n", stderr);
    return 1;
  }
  char bundle[4096];
  if (::getcwd(bundle, sizeof(bundle)) == nullptr) return 1;
  const std::string path = absl::StrCat(bundle, "/s");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), 16) != 0) {
    std::perror("socket");
    return 1;
  }
  base::SpawnSpec spec = base::testing::ChildProcess(
      "scripted_shim", {"-namespace", FlagOf(arguments, "-namespace"), "-socket", path, "serve"});
  spec.fds = {{socket.get(), kSocketFd}};
  if (!base::Spawn(spec).ok()) return 1;
  std::printf("unix://%s", path.c_str());
  return 0;
}

int DeleteScripted(const std::vector<std::string>& arguments) {
  if (Variable("SCRIPT") == "fails-delete") {
    std::fputs("cannot delete\n", stderr);
    return 1;
  }
  // The container of a shim that died lives on until somebody ends it here (DEL-03).
  pid_t pid = 0;
  if (std::ifstream("init.pid") >> pid && pid > 0) ::kill(pid, SIGKILL);
  v3::DeleteResponse response;
  response.set_exit_status(137);
  *response.mutable_exited_at() = containerd::ToTimestamp(std::chrono::system_clock::now());
  const std::string bytes = response.SerializeAsString();
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
  return FlagOf(arguments, "-bundle").empty() ? 1 : 0;
}

}  // namespace

int ScriptedShim(const std::vector<std::string>& arguments) {
  const std::string action = arguments.empty() ? "" : arguments.back();
  if (action == "start") return StartScripted(arguments);
  if (action == "delete") return DeleteScripted(arguments);
  if (action == "-v") {
    std::puts("scripted 1.0");
    return 0;
  }
  if (action != "serve") return 2;
  const std::string socket = FlagOf(arguments, "-socket");
  return Daemon(FlagOf(arguments, "-namespace"), socket.substr(0, socket.rfind('/')) + "/log")
      .Serve(socket);
}

}  // namespace conformance
