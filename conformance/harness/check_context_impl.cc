// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_context_impl.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace conformance {
namespace {

// What the first container of Shim() runs when no container is asked for.
constexpr char kIdleProgram[] = "pause";

constexpr std::chrono::milliseconds kEventsDeadline{10000};

}  // namespace

ShimUnderTest& CheckContextImpl::Shim() {
  if (shim_ == nullptr) shim_ = &StartShim(MakeBundle(Program(kIdleProgram), {}), {});
  return *shim_;
}

Bundle CheckContextImpl::MakeBundle(const ProcessSpec& process, const BundleOptions& options) {
  return parts_.bundles.Make(process, options, /*rootfs_is_mounted=*/true);
}

void CheckContextImpl::MarkStarted(const Bundle& bundle, const StartResult& result) {
  if (!result.usable()) return;
  scope_.CountSignOfLife();
  parts_.bundles.MarkOffered(bundle.path);
  parts_.daemons.NoteStart(result.address, bundle.id);
  std::vector<std::string>& addresses = parts_.addresses;
  if (std::find(addresses.begin(), addresses.end(), result.address) == addresses.end()) {
    addresses.push_back(result.address);
  }
}

StartResult CheckContextImpl::RunStart(const Bundle& bundle, const StartOptions& options) {
  StartResult result = parts_.commands.Start(bundle, options);
  MarkStarted(bundle, result);
  return result;
}

std::vector<StartResult> CheckContextImpl::RunStartsTogether(const std::vector<Bundle>& bundles,
                                                             const StartOptions& options) {
  std::vector<StartResult> results = parts_.commands.StartTogether(bundles, options);
  for (std::size_t i = 0; i < bundles.size(); ++i) MarkStarted(bundles[i], results[i]);
  return results;
}

ShimConnection& CheckContextImpl::ConnectOrEnd(const std::string& address, int task_version) {
  absl::StatusOr<ShimConnection*> connection = parts_.Connect(address, task_version);
  if (connection.ok()) return **connection;
  if (absl::IsUnimplemented(connection.status())) {
    scope_.EndAsSkip(std::string(connection.status().message()));
  }
  Why why;
  why.code = why::kSocketState;
  why.text = absl::StrCat("connecting to ", address);
  why.expected = "the address `start` printed accepts connections";
  why.observed = connection.status().ToString();
  why.requirement = "START-05";
  scope_.AddFailure(std::move(why));
  throw CheckEnded{};
}

ShimUnderTest& CheckContextImpl::ConnectTo(const std::string& address, int task_version) {
  return ConnectOrEnd(address, task_version);
}

ShimUnderTest& CheckContextImpl::StartShim(const Bundle& bundle, const StartOptions& options) {
  const StartResult result = RunStart(bundle, options);
  if (!result.usable()) {
    Why why;
    why.code = why::kStartFailed;
    why.text = "`start` gave no address to connect to";
    why.expected = "exit code 0 and a bootstrap result on stdout";
    why.observed = ::testing::PrintToString(result);
    why.requirement = "START-02";
    scope_.AddFailure(std::move(why));
    throw CheckEnded{};
  }
  if (result.protocol != "ttrpc") {
    scope_.EndAsSkip(absl::StrCat("speaks ", result.protocol, ", this judge only ttrpc"));
  }
  ShimConnection& shim = ConnectOrEnd(result.address, result.version);
  RecordStatus(
      shim.MeetDaemon(),
      {.text = "the first call to a fresh shim is answered", .code = {}, .requirement = "START-06"},
      {});
  if (shim.daemon() == nullptr) throw CheckEnded{};
  return shim;
}

bool CheckContextImpl::CanConnect(const std::string& address) { return Dial(address).ok(); }

DeleteResult CheckContextImpl::RunDelete(const Bundle& bundle, const StartOptions& options) {
  return RunDeletesTogether({bundle}, options).front();
}

std::vector<DeleteResult> CheckContextImpl::RunDeletesTogether(const std::vector<Bundle>& bundles,
                                                               const StartOptions& options) {
  std::vector<DeleteResult> results = parts_.commands.DeleteTogether(bundles, options);
  for (const DeleteResult& result : results) {
    if (result.decodable && result.command.ExitedWith(0)) scope_.CountSignOfLife();
  }
  return results;
}

CommandResult CheckContextImpl::RunShim(const std::vector<std::string>& arguments,
                                        const CommandOptions& options) {
  return parts_.commands.Run(arguments, options);
}

// A container of a shim that is given, or of Shim(), which its bundle starts if it is the first.
ShimUnderTest& CheckContextImpl::ShimFor(const Bundle& bundle, const CreateOptions& options) {
  if (options.shim != nullptr) return *options.shim;
  if (shim_ == nullptr) shim_ = &StartShim(bundle, {});
  return *shim_;
}

std::shared_ptr<Task::Impl> CheckContextImpl::NewTask(ShimUnderTest& shim, const Bundle& bundle,
                                                      const StdioOptions& options) {
  // A second attempt with the same bundle gets streams of its own.
  const auto same = std::count_if(parts_.tasks.begin(), parts_.tasks.end(),
                                  [&](const auto& task) { return task->bundle.id == bundle.id; });
  const std::string name = same == 0 ? bundle.id : absl::StrCat(bundle.id, "-again", same);
  auto stdio = FifoStdio::Make(scope_, name, parts_.bundles.WantsTerminal(bundle), options);
  if (!stdio.ok()) scope_.EndAsError(base::Annotate(stdio.status(), "stdio"));
  return parts_.tasks.emplace_back(
      std::make_shared<Task::Impl>(scope_, parts_.bundles, shim, bundle, *std::move(stdio)));
}

// Shims whose containers share a machine are told which one it is.
void CheckContextImpl::JoinPod(const ShimUnderTest& shim, const Bundle& bundle) {
  if (scope_.profile().hypervisor.empty()) return;
  for (const std::shared_ptr<Task::Impl>& task : parts_.tasks) {
    const bool made = task->process.pid() > 0 && task->process.shim().address() == shim.address();
    if (!made) continue;
    if (task->bundle.id != bundle.id) parts_.bundles.JoinPod(bundle, task->bundle.id);
    return;
  }
}

Task CheckContextImpl::TryCreate(const ProcessSpec& process, const CreateOptions& options) {
  const Bundle bundle = options.existing_bundle
                            ? *options.existing_bundle
                            : parts_.bundles.Make(process, options.bundle, options.mount_rootfs);
  ShimUnderTest& shim = ShimFor(bundle, options);
  JoinPod(shim, bundle);
  std::shared_ptr<Task::Impl> task = NewTask(shim, bundle, options.stdio);
  task->Create(parts_.bundles.WantsTerminal(bundle), options);
  return Task(std::move(task));
}

std::unique_ptr<PendingReply> CheckContextImpl::CreateAsync(ShimUnderTest& shim,
                                                            const Bundle& bundle,
                                                            const StdioOptions& stdio) {
  JoinPod(shim, bundle);
  const std::shared_ptr<Task::Impl> task = NewTask(shim, bundle, stdio);
  return shim.CallAsync("Create", task->CreateRequest(parts_.bundles.WantsTerminal(bundle), {}));
}

Task CheckContextImpl::Attach(const Task& task, ShimUnderTest& connection) {
  return Task(parts_.tasks.emplace_back(std::make_shared<Task::Impl>(*task.impl_, connection)));
}

Task CheckContextImpl::Create(const ProcessSpec& process, const CreateOptions& options) {
  Task task = TryCreate(process, options);
  Require(task.create_status(),
          {.text = absl::StrCat("Create of a container that runs ", process.program),
           .code = {},
           .requirement = {}});
  // What nobody can point at was not created: nothing may be green for it. (Where no engine is
  // driven the process may live on another machine.)
  const pid_t pid = task.pid();
  const bool visible = scope_.profile().engine.empty() || World().Find(pid).has_value();
  if (pid <= 0 || !visible || pid == task.shim().pid()) {
    scope_.AddDoubt({.code = pid <= 0 ? why::kReplyField : why::kProcessState,
                     .text = "Create returns the pid of the container's first process",
                     .expected = "a process of that pid, not the shim itself",
                     .observed = absl::StrCat("pid ", pid),
                     .requirement = "CREATE-05",
                     .where = {}});
  }
  return task;
}

std::vector<Event> CheckContextImpl::AwaitEvents(
    const std::function<bool(const std::vector<Event>&)>& predicate) {
  scope_.RunUntil(
      "events", [&] { return predicate(parts_.sink.events()); }, kEventsDeadline);
  return parts_.sink.events();
}

std::vector<Event> CheckContextImpl::Events() {
  scope_.RunReady();
  return parts_.sink.events();
}

bool CheckContextImpl::Eventually(const std::function<bool()>& predicate,
                                  std::chrono::milliseconds deadline) {
  return scope_.PollUntil("what the check waits for", predicate, deadline);
}

void CheckContextImpl::Linger(std::chrono::milliseconds duration) {
  scope_.RunWithin(
      "", [] { return false; }, duration);
}

std::string CheckContextImpl::ProgramOnHost(const std::string& name) {
  return parts_.bundles.ProgramOnHost(name);
}

void CheckContextImpl::RecordStatus(const absl::Status& status, Because because, base::Here here) {
  if (status.ok()) return scope_.CountObservation();
  Why why;
  why.code = because.code.empty() ? why::kReplyCode : because.code;
  why.text = because.text;
  why.expected = "OK";
  why.observed = status.ToString();
  why.requirement = because.requirement;
  why.where = here.ToString();
  scope_.AddFailure(std::move(why));
}

}  // namespace conformance
