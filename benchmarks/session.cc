// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/session.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/fifo.h"
#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "benchmarks/session_files.h"
#include "containerd/bootstrap.h"
#include "task/v3/task.pb.h"

namespace benchmarks {
namespace {

namespace v3 = ::containerd::task::v3;
using Clock = std::chrono::steady_clock;

constexpr char kProcessType[] = "types.containerd.io/opencontainers/runtime-spec/1/Process";
constexpr char kOptionsType[] = "containerd.runc.v1.Options";

// Children inherit where this thread runs.
class OnCpus {
 public:
  explicit OnCpus(const std::optional<cpu_set_t>& cpus) {
    if (!cpus || ::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    moved_ = ::sched_setaffinity(0, sizeof *cpus, &*cpus) == 0;
  }
  ~OnCpus() {
    if (moved_) ::sched_setaffinity(0, sizeof before_, &before_);
  }
  OnCpus(const OnCpus&) = delete;
  OnCpus& operator=(const OnCpus&) = delete;

 private:
  cpu_set_t before_{};
  bool moved_ = false;
};

absl::StatusOr<int> WaitFor(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, absl::StrCat("waitpid ", pid));
  }
  return status;
}

// Adopted ones that have ended.
void ReapOrphans() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

absl::StatusOr<std::string> ReadToEof(Wire& wire, int fd) {
  std::string text;
  char buffer[4096];
  while (true) {
    // A `start` that never ends must not take the driver with it.
    RETURN_IF_ERROR(wire.AwaitReadable(fd));
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) return base::ErrnoStatus(errno, "read");
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
  }
}

std::vector<std::string> ArgvOf(const fakes::CommandSpec& command) {
  std::vector<std::string> argv = command.arguments;
  argv.insert(argv.begin(), command.path);
  return argv;
}

template <typename Request>
std::string OfTask(const std::string& id, const std::string& exec_id = "") {
  Request request;
  request.set_id(id);
  request.set_exec_id(exec_id);
  return request.SerializeAsString();
}

std::string KillRequest(const std::string& id) {
  v3::KillRequest request;
  request.set_id(id);
  request.set_signal(SIGKILL);
  return request.SerializeAsString();
}

}  // namespace

Session::Session(const SessionSetting& setting, Wire& wire, std::string shim, std::string id)
    : setting_(setting),
      wire_(wire),
      shim_(std::move(shim)),
      id_(std::move(id)),
      service_("containerd.task.v2.Task") {}

Session::~Session() {
  tracer_.reset();
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    (void)WaitFor(pid_);
  }
  if (init_ > 0) ::kill(init_, SIGKILL);
  wire_.Disconnect();
  wire_.ForgetEvents();
  ReapOrphans();
}

absl::Status Session::Prepare() {
  RETURN_IF_ERROR(MakeContainerFiles(id_, setting_.fixtures));
  ASSIGN_OR_RETURN(process_, ShortProcess());
  ASSIGN_OR_RETURN(log_, base::OpenFifoBothEnds(BundlePath(id_) + "/log", /*nonblocking=*/true));
  return absl::OkStatus();
}

absl::StatusOr<std::string> Session::RunStart(bool traced, Milliseconds* took) {
  // What containerd up to 2.2 passes first; a shim that wants BootstrapParams gets those instead.
  for (const fakes::StartDialect dialect :
       {fakes::StartDialect::kLegacy, fakes::StartDialect::kParams}) {
    const fakes::CommandSpec command = StartOf(dialect, shim_, id_, setting_.engine);
    ASSIGN_OR_RETURN(const base::UniqueFd input, PipeWith(command.standard_input));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
    const base::UniqueFd read_end(ends[0]);
    base::UniqueFd write_end(ends[1]);
    base::SpawnSpec spec{.path = shim_,
                         .argv = ArgvOf(command),
                         .env = command.env,
                         .cwd = BundlePath(id_),
                         .fds = {{.source = input.get(), .target = 0},
                                 {.source = write_end.get(), .target = 1},
                                 {.source = write_end.get(), .target = 2}}};
    const Clock::time_point begin = Clock::now();
    pid_t pid = -1;
    {
      const OnCpus there(setting_.daemon);
      if (traced) {
        ASSIGN_OR_RETURN(tracer_,
                         SyscallTracer::Start({.path = shim_,
                                               .argv = spec.argv,
                                               .env = spec.env.value_or(std::vector<std::string>()),
                                               .cwd = spec.cwd,
                                               .input = input.get(),
                                               .output = write_end.get()},
                                              setting_.engine));
      } else {
        ASSIGN_OR_RETURN(const base::Child child, base::Spawn(spec));
        pid = child.pid;
      }
    }
    write_end.reset();
    ASSIGN_OR_RETURN(std::string output, ReadToEof(wire_, read_end.get()));
    *took = Clock::now() - begin;
    if (traced) {
      // Its exit code is the tracer's to see; what it wrote says enough.
      if (containerd::ParseStartResult(output).ok()) return output;
    } else {
      ASSIGN_OR_RETURN(const int status, WaitFor(pid));
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
    }
    if (dialect == fakes::StartDialect::kParams) {
      return absl::InternalError(absl::StrCat("`start` failed: ", output));
    }
  }
  return absl::InternalError("not reached");
}

absl::Status Session::UseAddress(const std::string& output) {
  ASSIGN_OR_RETURN(const containerd::BootstrapResult result, containerd::ParseStartResult(output));
  if (result.protocol != containerd::Protocol::kTtrpc) {
    return absl::UnimplementedError("the shim speaks gRPC; only ttrpc can be measured");
  }
  socket_path_ = std::string(absl::StripPrefix(result.address, "unix://"));
  if (result.version >= 3) service_ = "containerd.task.v3.Task";
  return absl::OkStatus();
}

absl::StatusOr<Milliseconds> Session::Start() {
  Milliseconds took{0};
  ASSIGN_OR_RETURN(const std::string output, RunStart(/*traced=*/false, &took));
  RETURN_IF_ERROR(UseAddress(output));
  return took;
}

absl::Status Session::StartTraced() {
  Milliseconds took{0};
  ASSIGN_OR_RETURN(const std::string output, RunStart(/*traced=*/true, &took));
  return UseAddress(output);
}

absl::StatusOr<Milliseconds> Session::Connect() {
  const std::string payload = OfTask<v3::StateRequest>(id_);  // same fields as ConnectRequest
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(wire_.Connect(socket_path_));
  ASSIGN_OR_RETURN(const std::string reply, Call("Connect", payload));
  const Milliseconds took = Clock::now() - begin;
  v3::ConnectResponse response;
  if (!response.ParseFromString(reply)) return absl::InternalError("undecodable ConnectResponse");
  pid_ = static_cast<pid_t>(response.shim_pid());
  if (pid_ <= 1) return absl::InternalError(absl::StrCat("Connect told the shim pid ", pid_));
  return took;
}

absl::StatusOr<std::string> Session::Call(absl::string_view method, const std::string& payload) {
  return wire_.Call(service_, method, payload);
}

absl::StatusOr<Milliseconds> Session::Timed(absl::string_view method, const std::string& payload) {
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(Call(method, payload).status());
  return Clock::now() - begin;
}

std::string Session::CreateRequest(const std::string& id) const {
  v3::CreateTaskRequest request;
  request.set_id(id);
  request.set_bundle(BundlePath(id));
  auto* mount = request.add_rootfs();
  mount->set_type("bind");
  mount->set_source(RootfsPath(id));
  mount->add_options("rbind");
  mount->add_options("rw");
  request.mutable_options()->set_type_url(kOptionsType);
  request.mutable_options()->set_value(EngineOptions(setting_.engine));
  return request.SerializeAsString();
}

std::string Session::ExecRequest(const std::string& exec_id) const {
  v3::ExecProcessRequest request;
  request.set_id(id_);
  request.set_exec_id(exec_id);
  request.mutable_spec()->set_type_url(kProcessType);
  request.mutable_spec()->set_value(process_);
  return request.SerializeAsString();
}

absl::Status Session::DrainLog() {
  char buffer[4096];
  while (::read(log_.get(), buffer, sizeof buffer) > 0) {
  }
  return absl::OkStatus();
}

absl::StatusOr<Milliseconds> Session::Create() {
  RETURN_IF_ERROR(DrainLog());
  const std::string payload = CreateRequest(id_);
  const Clock::time_point begin = Clock::now();
  ASSIGN_OR_RETURN(const std::string reply, Call("Create", payload));
  const Milliseconds took = Clock::now() - begin;
  v3::CreateTaskResponse response;
  if (!response.ParseFromString(reply))
    return absl::InternalError("undecodable CreateTaskResponse");
  init_ = static_cast<pid_t>(response.pid());
  return took;
}

absl::StatusOr<Milliseconds> Session::StartTask() {
  return Timed("Start", OfTask<v3::StartRequest>(id_));
}

absl::StatusOr<Milliseconds> Session::State() {
  return Timed("State", OfTask<v3::StateRequest>(id_));
}

absl::StatusOr<Milliseconds> Session::KillAndWait() {
  const std::string wait = OfTask<v3::WaitRequest>(id_);
  const std::string kill = KillRequest(id_);
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(Call("Kill", kill).status());
  RETURN_IF_ERROR(Call("Wait", wait).status());
  return Clock::now() - begin;
}

absl::StatusOr<Milliseconds> Session::Delete() {
  ASSIGN_OR_RETURN(const Milliseconds took, Timed("Delete", OfTask<v3::DeleteRequest>(id_)));
  init_ = -1;
  return took;
}

absl::StatusOr<Milliseconds> Session::Exec() {
  const std::string exec_id = absl::StrCat("e", ++serial_);
  const std::string add = ExecRequest(exec_id);
  const std::string start = OfTask<v3::StartRequest>(id_, exec_id);
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(Call("Exec", add).status());
  RETURN_IF_ERROR(Call("Start", start).status());
  const Milliseconds took = Clock::now() - begin;
  RETURN_IF_ERROR(Call("Wait", OfTask<v3::WaitRequest>(id_, exec_id)).status());
  RETURN_IF_ERROR(Call("Delete", OfTask<v3::DeleteRequest>(id_, exec_id)).status());
  // Else its exit would be taken for that of the task.
  RETURN_IF_ERROR(wire_.AwaitEvent("/tasks/exit", id_).status());
  return took;
}

absl::StatusOr<Milliseconds> Session::ExitToEvent() {
  ASSIGN_OR_RETURN(const base::UniqueFd init, base::OpenPidfd(init_));
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(base::SendSignal(init, SIGKILL));
  ASSIGN_OR_RETURN(const Wire::Event event, wire_.AwaitEvent("/tasks/exit", id_));
  return event.at - begin;
}

absl::StatusOr<Milliseconds> Session::Shutdown() {
  ASSIGN_OR_RETURN(const base::UniqueFd daemon, base::OpenPidfd(pid_));
  const std::string payload = OfTask<v3::StateRequest>(id_);  // same first field
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(wire_.Send(service_, "Shutdown", payload).status());
  const absl::Status gone = [&]() -> absl::Status {
    while (!base::HasExited(daemon)) {
      const absl::Status status = wire_.AwaitReadable(daemon.get());
      // The reply is racy (HARN-08): a closed connection is as good.
      if (absl::IsUnavailable(status)) wire_.Disconnect();
      if (!status.ok() && !absl::IsUnavailable(status)) return status;
    }
    return absl::OkStatus();
  }();
  const Milliseconds took = Clock::now() - begin;
  RETURN_IF_ERROR(base::Annotate(gone, "end of the daemon after Shutdown"));
  RETURN_IF_ERROR(WaitFor(std::exchange(pid_, -1)).status());
  return took;
}

absl::StatusOr<Milliseconds> Session::DeleteBinary() {
  ::kill(pid_, SIGKILL);
  RETURN_IF_ERROR(WaitFor(std::exchange(pid_, -1)).status());
  wire_.Disconnect();
  const fakes::CommandSpec command = DeleteOf(shim_, id_);
  const Clock::time_point begin = Clock::now();
  absl::StatusOr<base::Child> child = [&] {
    const OnCpus there(setting_.daemon);
    return base::Spawn({.path = shim_,
                        .argv = ArgvOf(command),
                        .env = command.env,
                        .cwd = command.working_directory});
  }();
  RETURN_IF_ERROR(child.status());
  const absl::Status ended = wire_.AwaitReadable(child->pidfd.get());
  const Milliseconds took = Clock::now() - begin;
  if (!ended.ok()) ::kill(child->pid, SIGKILL);
  ASSIGN_OR_RETURN(const int status, WaitFor(child->pid));
  RETURN_IF_ERROR(base::Annotate(ended, "the `delete` command"));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::InternalError(absl::StrCat("`delete` ended with wait status ", status));
  }
  return took;
}

absl::Status Session::AwaitCycleEvents(bool exit_too) {
  for (const char* topic : {"/tasks/create", "/tasks/start", "/tasks/delete"}) {
    RETURN_IF_ERROR(wire_.AwaitEvent(topic, id_).status());
  }
  if (exit_too) RETURN_IF_ERROR(wire_.AwaitEvent("/tasks/exit", id_).status());
  wire_.ForgetEvents();
  return absl::OkStatus();
}

absl::Status Session::LifeCycle() {
  RETURN_IF_ERROR(Create().status());
  RETURN_IF_ERROR(StartTask().status());
  RETURN_IF_ERROR(Exec().status());
  RETURN_IF_ERROR(KillAndWait().status());
  RETURN_IF_ERROR(Delete().status());
  return AwaitCycleEvents(/*exit_too=*/true);
}

// The calls of one unit of work: what follows what. Unit `n` sends `calls[i](n)` and, on its reply,
// the next; after the last one it is done.
struct Session::Steps {
  struct Step {
    const char* method;
    std::function<std::string(int unit)> request;
  };
  std::vector<Step> calls;
};

absl::StatusOr<Milliseconds> Session::RunMany(int parallel, int count, const Steps& steps) {
  struct Unit {
    int number = 0;
    std::size_t step = 0;
  };
  std::map<std::uint32_t, Unit> under_way;
  int begun = 0;
  const auto send = [&](Unit unit) -> absl::Status {
    const Steps::Step& step = steps.calls[unit.step];
    ASSIGN_OR_RETURN(const std::uint32_t stream,
                     wire_.Send(service_, step.method, step.request(unit.number)));
    under_way[stream] = unit;
    return absl::OkStatus();
  };
  const Clock::time_point begin = Clock::now();
  while (begun < parallel && begun < count) RETURN_IF_ERROR(send({.number = begun++}));
  while (!under_way.empty()) {
    const absl::StatusOr<Wire::Reply> next = wire_.NextReply();
    if (!next.ok()) {
      std::map<std::string, int> owed;
      for (const auto& [stream, unit] : under_way) ++owed[steps.calls[unit.step].method];
      const std::string calls = absl::StrJoin(owed, ", ", absl::PairFormatter(" x "));
      return base::Annotate(next.status(), absl::StrCat("unanswered: ", calls));
    }
    const Wire::Reply& reply = *next;
    const auto found = under_way.find(reply.stream);
    if (found == under_way.end()) return absl::InternalError("a reply nobody asked for");
    Unit unit = found->second;
    under_way.erase(found);
    if (!reply.payload.ok()) {
      return base::Annotate(reply.payload.status(), absl::StrCat(steps.calls[unit.step].method,
                                                                 " with ", parallel, " at a time"));
    }
    if (++unit.step < steps.calls.size()) {
      RETURN_IF_ERROR(send(unit));
    } else if (begun < count) {
      RETURN_IF_ERROR(send({.number = begun++}));
    }
  }
  const Milliseconds took = Clock::now() - begin;
  wire_.ForgetEvents();
  return took;
}

absl::StatusOr<Milliseconds> Session::ManyTasks(int parallel, int count) {
  const int base = serial_;
  serial_ += count;
  const auto name = [this, base](int unit) { return absl::StrCat(id_, "-", base + unit); };
  for (int unit = 0; unit < count; ++unit) {
    RETURN_IF_ERROR(MakeContainerFiles(name(unit), setting_.fixtures));
  }
  return RunMany(parallel, count,
                 {{{"Create", [&](int u) { return CreateRequest(name(u)); }},
                   {"Start", [&](int u) { return OfTask<v3::StartRequest>(name(u)); }},
                   {"Kill", [&](int u) { return KillRequest(name(u)); }},
                   {"Wait", [&](int u) { return OfTask<v3::WaitRequest>(name(u)); }},
                   {"Delete", [&](int u) { return OfTask<v3::DeleteRequest>(name(u)); }}}});
}

absl::StatusOr<Milliseconds> Session::ManyExecs(int parallel, int count) {
  const int base = serial_;
  serial_ += count;
  const auto name = [base](int unit) { return absl::StrCat("m", base + unit); };
  return RunMany(parallel, count,
                 {{{"Exec", [&](int u) { return ExecRequest(name(u)); }},
                   {"Start", [&](int u) { return OfTask<v3::StartRequest>(id_, name(u)); }},
                   {"Wait", [&](int u) { return OfTask<v3::WaitRequest>(id_, name(u)); }},
                   {"Delete", [&](int u) { return OfTask<v3::DeleteRequest>(id_, name(u)); }}}});
}

}  // namespace benchmarks
