// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_context_cleanup.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <utility>

#include "base/pidfd.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/history_judge.h"
#include "conformance/harness/task_messages.h"
#include "runtime/sandbox/v1/sandbox.pb.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

namespace v3 = containerd::task::v3;
using Lane = HistoryEntry::Lane;
using std::chrono::milliseconds;

// Caps, scaled like all deadlines. Delete may wait for output as long as DELETE-08 says.
constexpr milliseconds kKillCap{5000};
constexpr milliseconds kWaitCap{5000};
constexpr milliseconds kDeleteCap{15000};
constexpr milliseconds kMeetCap{5000};
constexpr milliseconds kShutdownCap{5000};
constexpr milliseconds kSandboxCap{15000};
constexpr milliseconds kEventsCap{5000};
constexpr milliseconds kExitCap{10000};
constexpr milliseconds kExitCapUndelivered{20000};  // EVT-46 with room to spare
constexpr milliseconds kImpatientCap{2000};
constexpr milliseconds kDeleteActionCap{5000};  // DEL-05

template <typename Request>
std::string RequestFor(const ProcessKey& key) {
  Request request;
  request.set_id(key.container);
  request.set_exec_id(key.exec);
  return request.SerializeAsString();
}

std::string KillRequestFor(const ProcessKey& key) {
  v3::KillRequest request;
  request.set_id(key.container);
  request.set_exec_id(key.exec);
  request.set_signal(SIGKILL);
  return request.SerializeAsString();
}

bool OkOrGone(const absl::Status& status) { return status.ok() || absl::IsNotFound(status); }

bool WasCreated(const Story& story, const std::string& id) {
  const std::vector<Life> lives = Lives(story);
  return std::any_of(lives.begin(), lives.end(), [&id](const Life& life) {
    return life.process == ProcessKey{id, ""};
  });
}

}  // namespace

struct CleanUp::Ending {
  LiveTask task;
  ShimConnection* shim = nullptr;
  std::unique_ptr<PendingReply> kill;
  std::unique_ptr<PendingReply> wait;
  std::unique_ptr<PendingReply> removal;
  [[nodiscard]] ProcessKey key() const { return {task.id, ""}; }
};

std::vector<Why> CleanUp::Run() {
  scope_.history().Add(Lane::kWorld, "the check function has ended, clean-up begins");
  Restore();
  if (hung_) {
    KillDaemons();
  } else {
    EndTasks();
    if (given_up_) {
      KillDaemons();
    } else {
      AwaitOwedEvents();
      ShutDownSandboxes();
      ShutDownDaemons();
    }
  }
  AwaitDaemons();
  RemoveOrphanedSockets();
  RunDeletes();
  Close();
  return std::move(whys_);
}

CallOptions CleanUp::Within(milliseconds cap) const {
  CallOptions options;
  options.deadline = patient_ ? cap : kImpatientCap;
  return options;
}

absl::Status CleanUp::Heed(absl::Status status) {
  if (!patient_ && absl::IsDeadlineExceeded(status)) given_up_ = true;
  return status;
}

void CleanUp::Fail(const char* code, const char* requirement, std::string text,
                   std::string expected, std::string observed) {
  whys_.push_back({.code = code,
                   .text = absl::StrCat("clean-up: ", text),
                   .expected = std::move(expected),
                   .observed = std::move(observed),
                   .requirement = requirement,
                   .where = {}});
}

// The world is made friendly again: whatever the check kept from the shim would only delay it.
void CleanUp::Restore() {
  scope_.RunReady();
  parts_.sink.MakePrompt();
  parts_.bundles.ServeLogs();
  const auto read_all = [](ClientProcess& process) { (void)process.stdio().ReopenReaders(); };
  for (const auto& task : parts_.tasks) {
    read_all(task->process);
    for (const auto& exec : task->execs) read_all(exec->process);
  }
}

ShimConnection* CleanUp::ConnectionFor(std::size_t number) {
  const ShimConnection& origin = *parts_.connections[number];
  if (origin.daemon() != nullptr && !origin.daemon()->alive()) return nullptr;
  if (ShimConnection* open = parts_.OpenConnectionTo(origin.address())) return open;
  const auto dialed = parts_.Connect(origin.address(), origin.task_version());
  return dialed.ok() ? *dialed : nullptr;
}

void CleanUp::EndTasks() {
  std::vector<Ending> endings;
  for (LiveTask& task : LiveTasks(scope_.history().story())) {
    ShimConnection* const shim = ConnectionFor(task.connection);
    if (shim == nullptr) continue;
    Ending& ending = endings.emplace_back();
    ending.task = std::move(task);
    ending.shim = shim;
  }
  // Each step goes to all tasks before the first answer is awaited.
  for (Ending& ending : endings) {
    if (ending.task.waited) continue;
    ending.kill = ending.shim->CallAsync("Kill", KillRequestFor(ending.key()), Within(kKillCap));
    ending.wait =
        ending.shim->CallAsync("Wait", RequestFor<v3::WaitRequest>(ending.key()), Within(kWaitCap));
  }
  for (Ending& ending : endings) {
    if (!ending.kill) continue;
    if (given_up_) return;
    if (const absl::Status killed = Heed(ending.kill->Get().status()); !OkOrGone(killed)) {
      Fail(why::kReplyCode, "KILL-01", absl::StrCat("SIGKILL for ", ending.task.id),
           "OK, or NOT_FOUND once it has exited", killed.ToString());
    } else if (const absl::Status waited = Heed(ending.wait->Get().status()); !OkOrGone(waited)) {
      Fail(why::kExitLost, "WAIT-01", absl::StrCat("Wait for ", ending.task.id, " after SIGKILL"),
           "OK", waited.ToString());
    }
  }
  for (Ending& ending : endings) {
    EndExecs(ending);
    if (given_up_) return;
    ending.removal = ending.shim->CallAsync("Delete", RequestFor<v3::DeleteRequest>(ending.key()),
                                            Within(kDeleteCap));
  }
  for (Ending& ending : endings) {
    const absl::Status deleted = Heed(ending.removal->Get().status());
    if (OkOrGone(deleted)) continue;
    Fail(why::kReplyCode, "DELETE-01", absl::StrCat("Delete of ", ending.task.id), "OK",
         deleted.ToString());
  }
}

// Not judged: an exec may be in any state here, and Delete of the init forgets it (DELETE-11).
void CleanUp::EndExecs(const Ending& ending) {
  for (const std::string& exec : ending.task.execs) {
    const ProcessKey key{ending.task.id, exec};
    const auto deleted =
        ending.shim->Call("Delete", RequestFor<v3::DeleteRequest>(key), Within(kDeleteCap));
    if (OkOrGone(Heed(deleted.status()))) continue;
    if (given_up_) return;
    const auto killed = ending.shim->Call("Kill", KillRequestFor(key), Within(kKillCap));
    if (!Heed(killed.status()).ok()) continue;
    (void)ending.shim->Call("Wait", RequestFor<v3::WaitRequest>(key), Within(kImpatientCap));
    (void)ending.shim->Call("Delete", RequestFor<v3::DeleteRequest>(key), Within(kImpatientCap));
  }
}

void CleanUp::KillDaemons() {
  for (const auto& daemon : parts_.daemons.all()) {
    if (!daemon->alive()) continue;
    parts_.daemons.ExpectDeath(daemon->pid);
    scope_.history().Add(Lane::kProcess, absl::StrCat("SIGKILL to the shim ", daemon->pid));
    (void)base::SendSignal(daemon->process->pidfd(), SIGKILL);
  }
}

// A shim does not end while its sandbox exists (SBX-32).
void CleanUp::ShutDownSandboxes() {
  const std::map<std::string, std::size_t> sandboxes = parts_.daemons.sandboxes();
  for (const auto& [id, connection] : sandboxes) {
    ShimConnection* const shim = ConnectionFor(connection);
    if (shim == nullptr || !Heed(shim->MeetDaemon(Within(kMeetCap))).ok()) continue;
    containerd::runtime::sandbox::v1::ShutdownSandboxRequest request;
    request.set_sandbox_id(id);
    const absl::Status status =
        Heed(shim->CallService("containerd.runtime.sandbox.v1.Sandbox", "ShutdownSandbox",
                               request.SerializeAsString(), Within(kSandboxCap))
                 .status());
    if (OkOrGone(status) || absl::IsUnavailable(status)) continue;
    Fail(why::kReplyCode, "SBX-03", absl::StrCat("ShutdownSandbox of ", id), "OK",
         status.ToString());
  }
}

// Shutdown may drop what is still queued (EVT-47 is a SHOULD); so the judge asks before it.
void CleanUp::AwaitOwedEvents() {
  const Story& story = scope_.history().story();
  if (story.sink_disturbed) return;
  scope_.RunUntil(
      "events", [&story] { return OwedEvents(story).empty(); },
      patient_ ? kEventsCap : kImpatientCap);
}

// A connection may be to a daemon that has ended since, which a relay shows late. So whoever has
// gone without an answer may have a successor: true until a connection made for this was tried.
bool CleanUp::ShutDownAt(const std::string& address) {
  ShimConnection* shim = parts_.OpenConnectionTo(address);
  const bool known = shim != nullptr;
  if (!known) {
    const auto dialed = parts_.Connect(address, scope_.subject().task_version);
    if (!dialed.ok()) return false;  // nobody there any more
    shim = *dialed;
  }
  const absl::Status met = shim->MeetDaemon(Within(kMeetCap));
  const absl::Status status =
      met.ok() ? shim->ShutdownWithin("", /*now=*/false, Within(kShutdownCap)) : met;
  if (!shim->connected()) return known;
  if (!status.ok() && !absl::IsUnavailable(status)) {
    Fail(why::kReplyCode, "SHUT-02", absl::StrCat("Shutdown of the shim at ", address),
         "OK, or the end of the connection", status.ToString());
  }
  return false;
}

void CleanUp::ShutDownDaemons() {
  for (std::size_t i = 0; i < parts_.addresses.size(); ++i) {
    const std::string address = parts_.addresses[i];
    while (ShutDownAt(address)) {
    }
  }
}

void CleanUp::AwaitDaemons() {
  milliseconds cap = kImpatientCap;
  if (patient_) cap = scope_.history().story().sink_disturbed ? kExitCapUndelivered : kExitCap;
  for (const auto& daemon : parts_.daemons.all()) {
    // Its exit is recorded a little later than it is dead; RemoveOrphanedSockets() asks how it
    // died.
    const auto gone = [&daemon] { return daemon->exit.has_value(); };
    if (scope_.RunUntil("the shim daemon ends", gone, cap) || !daemon->alive()) continue;
    const std::vector<std::string> evidence = ProcessEvidence(daemon->pid);
    for (const std::string& line : evidence) scope_.history().Add(Lane::kWorld, line);
    Fail(why::kLeftProcess, "LEAK-03",
         absl::StrCat("the shim daemon ", daemon->pid, " lives on after Shutdown"),
         absl::StrCat("its end within ", cap.count(), " ms"),
         evidence.empty() ? "alive" : evidence.front());
    KillDaemons();
  }
}

// Nobody removes the socket of a killed daemon before the next start of its group (SOCK-16); there
// is none here.
void CleanUp::RemoveOrphanedSockets() {
  for (const auto& connection : parts_.connections) {
    const ShimDaemon* const daemon = connection->daemon();
    const bool killed = daemon != nullptr && daemon->death_expected && daemon->exit &&
                        daemon->exit->signal == SIGKILL;
    const std::string path = connection->socket_path();
    if (!killed || path.empty() || Dial(connection->address()).ok()) continue;
    if (::unlink(path.c_str()) == 0) {
      scope_.history().Add(Lane::kWorld, absl::StrCat("removed the killed shim's ", path));
    }
  }
}

void CleanUp::RunDeletes() {
  std::vector<Bundle> bundles;
  std::vector<bool> judged;
  for (const BundleStore::Entry& entry : parts_.bundles.entries()) {
    // One that a shim has removed is for a check to complain about; a delete would have no place.
    if (!entry.offered || ::access(entry.bundle.path.c_str(), F_OK) != 0) continue;
    bundles.push_back(entry.bundle);
    // Whether it also has to cope with what never became a task is for a check to ask.
    judged.push_back(WasCreated(scope_.history().story(), entry.bundle.id));
  }
  StartOptions options;
  options.deadline = kDeleteActionCap;
  std::vector<DeleteResult> results;
  try {
    results = parts_.commands.DeleteTogether(bundles, options);
  } catch (const CheckEnded&) {
    return;  // recorded as an error of the harness
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const DeleteResult& result = results[i];
    if (!judged[i]) continue;
    const std::string text = absl::StrCat("the delete action for ", bundles[i].id);
    if (!result.command.ExitedWith(0)) {
      Fail(why::kReplyCode, result.command.timed_out ? "DEL-05" : "DEL-04", text, "exit code 0",
           ::testing::PrintToString(result));
    } else if (!result.decodable) {
      Fail(why::kReplyField, "DEL-02", text, "one DeleteResponse on stdout",
           ::testing::PrintToString(result));
    }
  }
}

void CleanUp::Close() {
  for (const auto& connection : parts_.connections) connection->Disconnect();
  parts_.sink.Close();
  parts_.bundles.CloseLogs();
  for (const auto& task : parts_.tasks) {
    task->process.stdio().Remove();
    for (const auto& exec : task->execs) exec->process.stdio().Remove();
  }
  scope_.RunReady();
}

}  // namespace conformance
