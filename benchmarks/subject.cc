// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/subject.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <utility>
#include <vector>

#include "base/fifo.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "benchmarks/session_files.h"
#include "containerd/bootstrap.h"
#include "fakes/containerd/bundle_maker.h"
#include "fakes/containerd/shim_invoker.h"
#include "oci/minimal_spec.h"
#include "oci/spec_writer.h"
#include "task/v3/task.pb.h"
#include "ttrpc/client.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"

namespace benchmarks {
namespace {

namespace v3 = ::containerd::task::v3;
using Clock = std::chrono::steady_clock;

constexpr char kNamespace[] = "benchmark";

absl::StatusOr<std::string> ReadToEof(int fd) {
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count > 0) {
      text.append(buffer, static_cast<std::size_t>(count));
    } else if (count == 0) {
      return text;
    } else if (errno != EINTR) {
      return base::ErrnoStatus(errno, "read");
    }
  }
}

absl::StatusOr<int> WaitFor(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, absl::StrCat("waitpid ", pid));
  }
  return status;
}

// Runs `argv` with one pipe as its outputs; returns them. `took` is from exec to EOF and exit.
absl::StatusOr<std::string> RunCommand(base::SpawnSpec spec, Milliseconds* took) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  spec.fds.push_back({.source = write_end.get(), .target = 1});
  spec.fds.push_back({.source = write_end.get(), .target = 2});
  const Clock::time_point begin = Clock::now();
  ASSIGN_OR_RETURN(const base::Child child, base::Spawn(spec));
  write_end.reset();
  ASSIGN_OR_RETURN(std::string output, ReadToEof(read_end.get()));
  ASSIGN_OR_RETURN(const int status, WaitFor(child.pid));
  *took = Clock::now() - begin;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::InternalError(
        absl::StrCat(spec.argv[0], " ended with wait status ", status, ": ", output));
  }
  return output;
}

absl::StatusOr<std::string> ContainerConfig(const Place& place, const std::string& cgroup) {
  oci::Spec spec = oci::MinimalLinuxSpec({"/bin/pause"});
  spec.mounts.push_back({.destination = "/bin",
                         .type = "bind",
                         .source = place.fixtures,
                         .options = {"rbind", "ro"}});
  spec.linux.cgroups_path = cgroup;
  return oci::WriteSpec(spec);
}

absl::Status MakeRootfs(const std::string& path) {
  RETURN_IF_ERROR(fakes::MakeDirectory(path, 0755));
  for (const char* name : {"bin", "proc", "dev", "sys", "tmp"}) {
    RETURN_IF_ERROR(fakes::MakeDirectory(absl::StrCat(path, "/", name), 0755));
  }
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR) return base::ErrnoStatus(errno, "send");
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  return absl::OkStatus();
}

}  // namespace

Daemon::Daemon(const Place& place, const Subject& subject, const std::string& id)
    : place_(place), subject_(subject), id_(id), service_("containerd.task.v2.Task") {}

Daemon::~Daemon() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    (void)WaitFor(pid_);
  }
}

absl::Status Daemon::Prepare() {
  bundle_ = absl::StrCat(place_.directory, "/", id_);
  rootfs_ = absl::StrCat(place_.directory, "/", id_, "-rootfs");
  RETURN_IF_ERROR(MakeRootfs(rootfs_));
  ASSIGN_OR_RETURN(const std::string config,
                   ContainerConfig(place_, absl::StrCat(kCgroupParent, "/", id_)));
  RETURN_IF_ERROR(fakes::MakeBundle(
      {.path = bundle_, .work_directory = bundle_ + "-work", .config_json = config}));
  ASSIGN_OR_RETURN(log_, base::OpenFifoBothEnds(bundle_ + "/log", /*nonblocking=*/true));
  return absl::OkStatus();
}

absl::StatusOr<Milliseconds> Daemon::Start() {
  Milliseconds took{0};
  if (subject_.is_floor) {
    socket_path_ = bundle_ + ".sock";
    RETURN_IF_ERROR(
        RunCommand({.path = subject_.path, .argv = {subject_.path, socket_path_}}, &took).status());
    return took;
  }
  // What containerd up to 2.2 passes first; a shim that wants BootstrapParams gets those instead.
  const fakes::Daemon containerd{.shim = subject_.path,
                                 .grpc_address = place_.directory + "/containerd.sock",
                                 .ttrpc_address = place_.directory + "/containerd.sock.ttrpc",
                                 .publish_binary = "/usr/bin/containerd"};
  const fakes::ShimAction action{
      .ns = kNamespace, .id = id_, .bundle = bundle_, .working_directory = bundle_};
  for (const fakes::StartDialect dialect :
       {fakes::StartDialect::kLegacy, fakes::StartDialect::kParams}) {
    const fakes::CommandSpec command = fakes::StartCommand(
        containerd, action, fakes::StartInputBytes(dialect, containerd, action, "", ""));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
    const base::UniqueFd input(ends[0]);
    base::UniqueFd feed(ends[1]);
    if (::write(feed.get(), command.standard_input.data(), command.standard_input.size()) < 0) {
      return base::ErrnoStatus(errno, "write");
    }
    feed.reset();
    std::vector<std::string> argv = command.arguments;
    argv.insert(argv.begin(), command.path);
    base::SpawnSpec spec{.path = subject_.path,
                         .argv = argv,
                         .env = command.env,
                         .cwd = bundle_,
                         .fds = {{.source = input.get(), .target = 0}}};
    absl::StatusOr<std::string> output = RunCommand(std::move(spec), &took);
    if (!output.ok()) {
      if (dialect == fakes::StartDialect::kParams) return output.status();
      continue;
    }
    ASSIGN_OR_RETURN(const containerd::BootstrapResult result,
                     containerd::ParseStartResult(*output));
    socket_path_ = std::string(absl::StripPrefix(result.address, "unix://"));
    if (result.version >= 3) service_ = "containerd.task.v3.Task";
    return took;
  }
  return absl::InternalError("unreachable");
}

absl::StatusOr<Milliseconds> Daemon::FirstCall() {
  const Clock::time_point begin = Clock::now();
  ASSIGN_OR_RETURN(connection_, ttrpc::ConnectUnix(socket_path_));
  if (::fcntl(connection_.get(), F_SETFL, 0) != 0) return base::ErrnoStatus(errno, "F_SETFL");
  if (subject_.is_floor) {
    char byte = 'x';
    RETURN_IF_ERROR(WriteAll(connection_.get(), std::string(1, byte)));
    if (::recv(connection_.get(), &byte, 1, 0) != 1) return base::ErrnoStatus(errno, "no echo");
    const Milliseconds took = Clock::now() - begin;
    return took;
  }
  v3::ConnectRequest request;
  request.set_id(id_);
  ASSIGN_OR_RETURN(const std::string reply, Call("Connect", request.SerializeAsString()));
  const Milliseconds took = Clock::now() - begin;
  v3::ConnectResponse response;
  if (!response.ParseFromString(reply)) return absl::InternalError("undecodable ConnectResponse");
  pid_ = static_cast<pid_t>(response.shim_pid());
  return took;
}

absl::Status Daemon::SendRequest(const std::string& method, const std::string& payload) {
  const std::string body =
      ttrpc::EncodeRequest({.service = service_, .method = method, .payload = payload});
  std::string frame(ttrpc::kFrameHeaderBytes, '\0');
  ttrpc::EncodeFrameHeader({.length = static_cast<std::uint32_t>(body.size()),
                            .stream = stream_,
                            .type = ttrpc::kFrameRequest},
                           frame.data());
  stream_ += 2;
  return WriteAll(connection_.get(), frame + body);
}

absl::StatusOr<std::string> Daemon::ReadReply() {
  std::string bytes;
  char buffer[8192];
  while (true) {
    if (bytes.size() >= ttrpc::kFrameHeaderBytes) {
      const ttrpc::FrameHeader header = ttrpc::DecodeFrameHeader(bytes.data());
      if (bytes.size() >= ttrpc::kFrameHeaderBytes + header.length) {
        ASSIGN_OR_RETURN(const ttrpc::ResponseEnvelope envelope,
                         ttrpc::DecodeResponse(absl::string_view(bytes).substr(
                             ttrpc::kFrameHeaderBytes, header.length)));
        if (envelope.code != 0) {
          return absl::Status(static_cast<absl::StatusCode>(envelope.code), envelope.message);
        }
        return std::string(envelope.payload);
      }
    }
    const ssize_t count = ::read(connection_.get(), buffer, sizeof buffer);
    if (count == 0) return absl::UnavailableError("connection closed");
    if (count < 0 && errno != EINTR) return base::ErrnoStatus(errno, "read");
    if (count > 0) bytes.append(buffer, static_cast<std::size_t>(count));
  }
}

absl::StatusOr<std::string> Daemon::Call(const std::string& method, const std::string& payload) {
  RETURN_IF_ERROR(base::Annotate(SendRequest(method, payload), method));
  absl::StatusOr<std::string> reply = ReadReply();
  if (!reply.ok()) return base::Annotate(reply.status(), method);
  return reply;
}

absl::StatusOr<Milliseconds> Daemon::Create() {
  v3::CreateTaskRequest request;
  request.set_id(id_);
  request.set_bundle(bundle_);
  auto* mount = request.add_rootfs();
  mount->set_type("bind");
  mount->set_source(rootfs_);
  mount->add_options("rbind");
  mount->add_options("rw");
  const std::string payload = request.SerializeAsString();
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(Call("Create", payload).status());
  return Clock::now() - begin;
}

absl::StatusOr<Milliseconds> Daemon::StartTask() {
  v3::StartRequest request;
  request.set_id(id_);
  const std::string payload = request.SerializeAsString();
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(Call("Start", payload).status());
  return Clock::now() - begin;
}

absl::StatusOr<Milliseconds> Daemon::State() {
  v3::StateRequest request;
  request.set_id(id_);
  const std::string payload = request.SerializeAsString();
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(Call("State", payload).status());
  return Clock::now() - begin;
}

absl::StatusOr<Milliseconds> Daemon::Exec() {
  v3::ExecProcessRequest add;
  add.set_id(id_);
  add.set_exec_id("e1");
  add.mutable_spec()->set_type_url("types.containerd.io/opencontainers/runtime-spec/1/Process");
  ASSIGN_OR_RETURN(*add.mutable_spec()->mutable_value(), ShortProcess());
  v3::StartRequest start;
  start.set_id(id_);
  start.set_exec_id("e1");
  const std::string add_payload = add.SerializeAsString();
  // The same fields as those of Wait and Delete.
  const std::string exec_payload = start.SerializeAsString();
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(Call("Exec", add_payload).status());
  RETURN_IF_ERROR(Call("Start", exec_payload).status());
  const Milliseconds took = Clock::now() - begin;
  RETURN_IF_ERROR(Call("Wait", exec_payload).status());
  RETURN_IF_ERROR(Call("Delete", exec_payload).status());
  return took;
}

absl::StatusOr<Milliseconds> Daemon::KillAndWait() {
  v3::KillRequest kill;
  kill.set_id(id_);
  kill.set_signal(SIGKILL);
  v3::WaitRequest wait;
  wait.set_id(id_);
  const std::string kill_payload = kill.SerializeAsString();
  const std::string wait_payload = wait.SerializeAsString();
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(Call("Kill", kill_payload).status());
  RETURN_IF_ERROR(Call("Wait", wait_payload).status());
  return Clock::now() - begin;
}

absl::StatusOr<Milliseconds> Daemon::Delete() {
  v3::DeleteRequest request;
  request.set_id(id_);
  const std::string payload = request.SerializeAsString();
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(Call("Delete", payload).status());
  return Clock::now() - begin;
}

absl::Status Daemon::Stop() {
  if (subject_.is_floor) {
    // Its daemon was adopted by this process and is the only child there is beside the sink.
    connection_.reset();
    std::ifstream file(absl::StrCat("/proc/self/task/", ::gettid(), "/children"));
    pid_t child = 0;
    while (file >> child) {
      if (child == place_.sink) continue;
      ::kill(child, SIGTERM);
      RETURN_IF_ERROR(WaitFor(child).status());
    }
    return absl::OkStatus();
  }
  v3::ShutdownRequest request;
  request.set_id(id_);
  (void)Call("Shutdown", request.SerializeAsString());  // the reply is racy (HARN-08)
  connection_.reset();
  // Nobody listens for events here, and some shims keep theirs for seconds before they give up.
  ::kill(pid_, SIGKILL);
  return WaitFor(std::exchange(pid_, -1)).status();
}

absl::StatusOr<EngineTimes> RunBareEngine(const Place& place, const std::string& engine,
                                          const std::string& id) {
  const std::string bundle = absl::StrCat(place.directory, "/", id);
  RETURN_IF_ERROR(fakes::MakeDirectory(bundle, 0700));
  RETURN_IF_ERROR(MakeRootfs(bundle + "/rootfs"));
  ASSIGN_OR_RETURN(const std::string config,
                   ContainerConfig(place, absl::StrCat(kCgroupParent, "/", id)));
  RETURN_IF_ERROR(fakes::WriteTextFile(bundle + "/config.json", config));
  const std::vector<std::string> head = {engine, "--root", place.directory + "/engine"};
  // Without pipes: what `create` hands to the container stays open as long as that lives.
  const auto run = [&](std::vector<std::string> tail) -> absl::StatusOr<Milliseconds> {
    tail.insert(tail.begin(), head.begin(), head.end());
    const Clock::time_point begin = Clock::now();
    ASSIGN_OR_RETURN(const base::Child child, base::Spawn({.path = engine, .argv = tail}));
    ASSIGN_OR_RETURN(const int status, WaitFor(child.pid));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      return absl::InternalError(absl::StrCat(engine, " ", tail[3], ": wait status ", status));
    }
    return Clock::now() - begin;
  };
  EngineTimes times;
  const std::string pid_file = bundle + "/init.pid";
  ASSIGN_OR_RETURN(times.create, run({"create", "--bundle", bundle, "--pid-file", pid_file, id}));
  pid_t init = 0;
  std::ifstream(pid_file) >> init;
  ASSIGN_OR_RETURN(times.start, run({"start", id}));
  ASSIGN_OR_RETURN(const std::string process, ShortProcess());
  const std::string exec_pid_file = bundle + "/exec.pid";
  RETURN_IF_ERROR(fakes::WriteTextFile(bundle + "/process.json", process));
  ASSIGN_OR_RETURN(times.exec, run({"exec", "--process", bundle + "/process.json", "--detach",
                                    "--pid-file", exec_pid_file, id}));
  pid_t executed = 0;
  std::ifstream(exec_pid_file) >> executed;
  RETURN_IF_ERROR(WaitFor(executed).status());
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(run({"kill", id, "KILL"}).status());
  RETURN_IF_ERROR(WaitFor(init).status());
  times.kill_and_wait = Clock::now() - begin;
  ASSIGN_OR_RETURN(times.remove, run({"delete", id}));
  return times;
}

absl::StatusOr<double> PssKib(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/smaps_rollup"));
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    double kib = 0;
    if (words.size() >= 2 && words[0] == "Pss:" && absl::SimpleAtod(words[1], &kib)) return kib;
  }
  return absl::NotFoundError(absl::StrCat("no Pss of process ", pid));
}

std::uint64_t StolenTicks() {
  std::ifstream file("/proc/stat");
  std::string name;
  std::uint64_t ticks = 0;
  file >> name;
  for (int column = 0; column < 8; ++column) file >> ticks;  // the eighth is `steal`
  return ticks;
}

}  // namespace benchmarks
