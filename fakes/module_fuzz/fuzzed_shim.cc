// SPDX-License-Identifier: Apache-2.0
#include "fakes/module_fuzz/fuzzed_shim.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <poll.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "base/child_reaper.h"
#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/status_macros.h"
#include "container/cgroup.h"
#include "containerd/bootstrap.h"
#include "fakes/containerd/bundle_maker.h"
#include "fakes/containerd/container_spec.h"
#include "fakes/containerd/event_sink.h"
#include "fakes/containerd/log_drain.h"
#include "fakes/containerd/shim_invoker.h"
#include "fakes/module_fuzz/limits.h"
#include "oci/spec_writer.h"
#include "task/v3/task.pb.h"
#include "ttrpc/client.h"

namespace fakes {
namespace {

namespace fs = std::filesystem;
namespace v3 = ::containerd::task::v3;
using Clock = std::chrono::steady_clock;

constexpr char kService[] = "containerd.task.v3.Task";
constexpr char kNamespace[] = "fuzz";
constexpr char kRunDirectory[] = "/run/containerd";

std::chrono::milliseconds Since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
}

absl::Status Wrong(absl::string_view what) { return absl::InternalError(what); }

std::vector<pid_t> Processes() {
  std::vector<pid_t> pids;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &pid)) pids.push_back(pid);
  }
  return pids;
}

std::string NameOf(pid_t pid) {
  const auto text = base::ReadKernelFile(absl::StrCat("/proc/", pid, "/stat"));
  return text.ok() ? text->substr(0, 80) : "gone";
}

}  // namespace

struct FuzzedShim::Impl {
  explicit Impl(FuzzPlace at) : place(std::move(at)) {}

  absl::Status MakeTask(const Mutant& module, const std::string& id);
  absl::Status RunStart(const std::string& id);
  // Runs the loop until `done` says so, or `limit` is over.
  bool RunUntil(const std::function<bool()>& done, std::chrono::milliseconds limit);
  template <typename Request>
  absl::StatusOr<std::string> Call(const char* method, const Request& request);
  // An error that says what is wrong if the shim did not live to give this answer, or gave none.
  [[nodiscard]] absl::Status CheckAnswer(const char* method, const absl::Status& status) const;
  absl::Status AwaitExit(const std::string& id, TaskEnd& end);
  absl::Status CheckGone(const std::string& id);
  absl::Status AwaitEnd(pid_t other);

  [[nodiscard]] std::string BundleOf(const std::string& id) const {
    return absl::StrCat(place.directory, "/", id);
  }
  [[nodiscard]] std::string CgroupOf(const std::string& id) const {
    return absl::StrCat(place.cgroup_parent, "/", id);
  }

  FuzzPlace place;
  boost::asio::io_context loop{1};
  std::unique_ptr<base::ChildReaper> reaper;
  std::unique_ptr<EventSink> sink;
  std::unique_ptr<LogDrain> log;
  std::optional<container::CgroupMounts> cgroups;
  std::unique_ptr<ttrpc::Client> client;
  pid_t pid = 0;
  base::UniqueFd pidfd;
  std::set<pid_t> zombies;  // ended at the last look, and not reaped
  std::uint64_t tasks = 0;
  std::size_t exits_told = 0;
};

bool FuzzedShim::Impl::RunUntil(const std::function<bool()>& done,
                                std::chrono::milliseconds limit) {
  const Clock::time_point end = Clock::now() + limit;
  while (!done()) {
    if (loop.stopped()) loop.restart();
    if (loop.run_one_until(end) == 0 && Clock::now() >= end) return done();
  }
  return true;
}

absl::Status FuzzedShim::Impl::CheckAnswer(const char* method, const absl::Status& status) const {
  if (base::HasExited(pidfd)) return Wrong(absl::StrCat("the shim is lost, in ", method));
  if (absl::IsUnavailable(status) && client->closed()) {
    return Wrong(absl::StrCat("the shim has closed the connection, in ", method));
  }
  if (absl::IsDeadlineExceeded(status)) {
    return Wrong(absl::StrCat(method, " had no answer: ", status.message()));
  }
  return absl::OkStatus();
}

template <typename Request>
absl::StatusOr<std::string> FuzzedShim::Impl::Call(const char* method, const Request& request) {
  std::optional<absl::StatusOr<std::string>> answer;
  client->Call(kService, method, request.SerializeAsString(), {.timeout = kCallLimit},
               [&answer](absl::StatusOr<std::string> given) { answer = std::move(given); });
  // The client gives an answer in any case.
  while (!answer) RunUntil([&answer] { return answer.has_value(); }, kCallLimit);
  return *std::move(answer);
}

absl::Status FuzzedShim::Impl::MakeTask(const Mutant& module, const std::string& id) {
  const std::string root = absl::StrCat(BundleOf(id), "-rootfs");
  const char* name = module.text ? "/m.wat" : "/m.wasm";
  RETURN_IF_ERROR(MakeDirectory(root, 0755));
  for (const char* place_of : {"/proc", "/dev"}) {
    RETURN_IF_ERROR(MakeDirectory(absl::StrCat(root, place_of), 0755));
  }
  RETURN_IF_ERROR(WriteTextFile(absl::StrCat(root, name), module.bytes));
  GuestRequest request;
  request.process.arguments = {name, "1", "2"};
  request.root_path = root;
  request.cgroups_path = CgroupOf(id);
  request.memory_limit_bytes = kGuestMemoryBytes;
  ASSIGN_OR_RETURN(const std::string config, oci::WriteSpec(MakeGuestSpec(request)));
  return MakeBundle({.path = BundleOf(id),
                     .work_directory = absl::StrCat(BundleOf(id), "-work"),
                     .config_json = config});
}

absl::Status FuzzedShim::Impl::RunStart(const std::string& id) {
  const Daemon daemon{.shim = place.shim,
                      .grpc_address = absl::StrCat(kRunDirectory, "/containerd.sock"),
                      .ttrpc_address = sink->path(),
                      .publish_binary = "/usr/bin/containerd",
                      .env = {{"SHIMGAUGE_WASM_CACHE", absl::StrCat(place.directory, "/cache")}}};
  const ShimAction action{
      .ns = kNamespace, .id = id, .bundle = BundleOf(id), .working_directory = BundleOf(id)};
  const std::string input = StartInputBytes(StartDialect::kParams, daemon, action, "", "");
  std::optional<CommandOutcome> outcome;
  ASSIGN_OR_RETURN(const auto running,
                   RunCommand(loop, *reaper, StartCommand(daemon, action, input),
                              [&outcome](CommandOutcome came) { outcome = std::move(came); }));
  while (!outcome) RunUntil([&outcome] { return outcome.has_value(); }, kCallLimit);
  if (outcome->timed_out || outcome->exit.ShellStatus() != 0) {
    return Wrong(absl::StrCat("start failed: ", outcome->standard_output));
  }
  ASSIGN_OR_RETURN(const containerd::BootstrapResult result,
                   containerd::ParseStartResult(outcome->standard_output));
  ASSIGN_OR_RETURN(base::UniqueFd socket,
                   ttrpc::ConnectUnix(absl::StripPrefix(result.address, "unix://")));
  client = std::make_unique<ttrpc::Client>(loop, std::move(socket));
  return absl::OkStatus();
}

FuzzedShim::FuzzedShim(FuzzPlace place) : impl_(std::make_unique<Impl>(std::move(place))) {}

FuzzedShim::~FuzzedShim() {
  impl_->client.reset();
  if (impl_->pid > 0) (void)base::SendSignal(impl_->pidfd, SIGKILL);
}

absl::Status FuzzedShim::Start() {
  Impl& own = *impl_;
  for (const char* directory : {"", "/s"}) {
    RETURN_IF_ERROR(MakeDirectory(absl::StrCat(kRunDirectory, directory), 0711));
  }
  RETURN_IF_ERROR(MakeDirectory(absl::StrCat(own.place.directory, "/cache"), 0700));
  ASSIGN_OR_RETURN(own.reaper, base::ChildReaper::Create(own.loop));
  ASSIGN_OR_RETURN(own.cgroups, container::CgroupMounts::Read());
  own.sink = std::make_unique<EventSink>(
      own.loop, absl::StrCat(kRunDirectory, "/containerd.sock.ttrpc"),
      [&own](const ForwardedEvent& event) { own.exits_told += event.topic == "/tasks/exit"; });
  RETURN_IF_ERROR(own.sink->Start());
  const std::string first = "first";
  RETURN_IF_ERROR(own.MakeTask({.bytes = "", .text = false, .recipe = ""}, first));
  ASSIGN_OR_RETURN(own.log, LogDrain::Open(own.loop, absl::StrCat(own.BundleOf(first), "/log"),
                                           [](const std::string&) {}));
  RETURN_IF_ERROR(own.RunStart(first));
  v3::ConnectRequest request;
  request.set_id(first);
  ASSIGN_OR_RETURN(const std::string reply, own.Call("Connect", request));
  v3::ConnectResponse response;
  if (!response.ParseFromString(reply)) return Wrong("Connect: undecodable");
  own.pid = static_cast<pid_t>(response.shim_pid());
  ASSIGN_OR_RETURN(own.pidfd, base::OpenPidfd(own.pid));
  return absl::OkStatus();
}

// Kills it if it does not end by itself, which `end` tells.
absl::Status FuzzedShim::Impl::AwaitExit(const std::string& id, TaskEnd& end) {
  v3::WaitRequest request;
  request.set_id(id);
  std::optional<absl::StatusOr<std::string>> answer;
  client->Call(kService, "Wait", request.SerializeAsString(), {.timeout = kCallLimit},
               [&answer](absl::StatusOr<std::string> given) { answer = std::move(given); });
  const auto come = [&answer] { return answer.has_value(); };
  if (!RunUntil(come, kGuestTime)) {
    end.killed = true;
    v3::KillRequest kill;
    kill.set_id(id);
    kill.set_signal(SIGKILL);
    // It may end by itself just now.
    RETURN_IF_ERROR(CheckAnswer("Kill", Call("Kill", kill).status()));
    RunUntil(come, kKillLimit);
  }
  const bool in_time = come();
  while (!come()) RunUntil(come, kCallLimit);  // `answer` is about to go
  if (!in_time) return Wrong("the guest survives SIGKILL");
  RETURN_IF_ERROR(CheckAnswer("Wait", answer->status()));
  RETURN_IF_ERROR(answer->status());
  v3::WaitResponse response;
  if (!response.ParseFromString(**answer)) return Wrong("Wait: undecodable");
  end.exit_status = response.exit_status();
  return absl::OkStatus();
}

absl::Status FuzzedShim::Impl::CheckGone(const std::string& id) {
  v3::StateRequest request;
  request.set_id(id);
  const absl::Status state = Call("State", request).status();
  RETURN_IF_ERROR(CheckAnswer("State", state));
  if (!absl::IsNotFound(state)) return Wrong("the task is still there");
  const auto cgroup = cgroups->Resolve(CgroupOf(id));
  if (cgroup.ok() && container::Exists(*cgroup)) return Wrong("the task's cgroup is still there");
  std::error_code error;
  for (const char* part : {"", "-rootfs", "-work"}) {
    fs::remove_all(absl::StrCat(BundleOf(id), part), error);
    if (error) return Wrong(absl::StrCat("the bundle cannot be removed: ", error.message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<TaskEnd> FuzzedShim::RunTask(const Mutant& module) {
  Impl& own = *impl_;
  const std::string id = absl::StrCat("t", ++own.tasks);
  RETURN_IF_ERROR(own.MakeTask(module, id));
  TaskEnd end;
  const Clock::time_point begin = Clock::now();
  v3::CreateTaskRequest create;
  create.set_id(id);
  create.set_bundle(own.BundleOf(id));
  end.refusal = own.Call("Create", create).status();
  end.create_took = Since(begin);
  RETURN_IF_ERROR(own.CheckAnswer("Create", end.refusal));
  if (end.refusal.ok()) {
    v3::StartRequest start;
    start.set_id(id);
    end.refusal = own.Call("Start", start).status();
    RETURN_IF_ERROR(own.CheckAnswer("Start", end.refusal));
    if (!end.refusal.ok()) end.refused_by = "Start";
    // One that was not started has come to an end, or ends by the kill.
    RETURN_IF_ERROR(own.AwaitExit(id, end));
    v3::DeleteRequest remove;
    remove.set_id(id);
    const absl::Status removed = own.Call("Delete", remove).status();
    RETURN_IF_ERROR(own.CheckAnswer("Delete", removed));
    if (!removed.ok()) return Wrong(absl::StrCat("Delete failed: ", removed.message()));
  } else {
    end.refused_by = "Create";
  }
  end.took = Since(begin);
  RETURN_IF_ERROR(own.CheckGone(id));
  return end;
}

absl::Status FuzzedShim::Impl::AwaitEnd(pid_t other) {
  const auto left = base::OpenPidfd(other);
  if (!left.ok()) return absl::OkStatus();
  const std::string name = NameOf(other);
  pollfd end{.fd = left->get(), .events = POLLIN, .revents = 0};
  const bool ended = ::poll(&end, 1, static_cast<int>(kLeaveTime.count())) == 1;
  // One that has only just ended is reaped by the next look.
  if (ended && zombies.insert(other).second) return absl::OkStatus();
  return Wrong(absl::StrCat(ended ? "a zombie is left: " : "a process is left: ", name));
}

absl::Status FuzzedShim::CheckLeftovers() {
  Impl& own = *impl_;
  own.RunUntil([] { return false; }, std::chrono::milliseconds(0));  // what is ready: reaping
  const std::vector<pid_t> all = Processes();
  const std::set<pid_t> now(all.begin(), all.end());
  for (auto it = own.zombies.begin(); it != own.zombies.end();) {
    it = now.count(*it) == 0 ? own.zombies.erase(it) : std::next(it);
  }
  for (const pid_t other : all) {
    if (other == ::getpid() || other == own.pid) continue;
    RETURN_IF_ERROR(own.AwaitEnd(other));
  }
  ASSIGN_OR_RETURN(const std::string mounts, base::ReadKernelFile("/proc/self/mountinfo"));
  if (absl::StrContains(mounts, own.place.directory)) return Wrong("a mount is left");
  return absl::OkStatus();
}

absl::StatusOr<ShimSize> FuzzedShim::Size() const {
  ShimSize size;
  std::error_code error;
  const std::string process = absl::StrCat("/proc/", impl_->pid);
  for (const auto& entry : fs::directory_iterator(process + "/fd", error)) {
    size.descriptors += entry.path().empty() ? 0 : 1;
  }
  std::ifstream status(process + "/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> size.resident_kib;
  }
  if (error || size.resident_kib == 0) return Wrong("the shim is lost");
  return size;
}

std::size_t FuzzedShim::exits_told() const { return impl_->exits_told; }

}  // namespace fakes
