// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reference-shim/shim/backend.h"

namespace shim::testing {

class FakeWorkload;

// A backend without containers: says what it was asked and ends each verb as the test has scripted.
// Verbs are named create, start, delete, signal, exec, start-exec, signal-exec, pause, resume,
// update, checkpoint, sample, pids, resize, reclaim, features, start-sandbox, stop-sandbox,
// sample-sandbox. Unscripted ones succeed from the loop. SIGKILL ends processes.
class FakeBackend final : public Backend {
 public:
  explicit FakeBackend(boost::asio::io_context& loop) : loop_(loop) {}
  ~FakeBackend() override;

  Capabilities can = {.exec = true,
                      .terminal = true,
                      .pause = true,
                      .update = true,
                      .checkpoint = true,
                      .stats = true};
  std::string features = "{}";
  bool immortal = false;       // SIGKILL ends nobody
  bool has_sandboxes = false;  // makes something of its own for a sandbox
  SandboxSpec sandbox;         // what the last one was made of; on_end ends it
  // "create c1", "signal c1 15 all", "start-exec c1 e1", in the order they came.
  std::vector<std::string> calls;

  // From now on `verb` fails; OK ends that.
  void Fail(const std::string& verb, absl::Status status);
  // From now on calls of `verb` stay unanswered until Release.
  void Hold(const std::string& verb) { held_.insert(verb); }
  [[nodiscard]] std::size_t Held(const std::string& verb) const;
  void Release(const std::string& verb, const absl::Status& status = absl::OkStatus());

  // What befalls the containers. Each runs its callbacks at once.
  void ExitInit(const std::string& id, int code, int signal = 0);
  void ExitExec(const std::string& id, const std::string& exec_id, int code, int signal = 0);
  void Oom(const std::string& id);
  // What the last process of this name was created with; valid until it is gone.
  CreateSpec& Created(const std::string& id);
  ExecSpec& Exec(const std::string& id, const std::string& exec_id);
  [[nodiscard]] bool Exists(const std::string& id) const { return workloads_.contains(id); }

  [[nodiscard]] Capabilities capabilities() const override { return can; }
  void Create(CreateSpec spec, Done<std::unique_ptr<Workload>> done) override;
  absl::StatusOr<std::unique_ptr<SandboxWorkload>> MakeSandbox(SandboxSpec spec) override;
  void Reclaim(ReclaimSpec spec, Done<> done) override;
  void Features(Opaque options, Done<std::string> done) override;

 private:
  friend class FakeWorkload;
  friend class FakeExec;
  friend class FakeSandbox;

  // Notes the call, then ends it as scripted: `finish` gets the verdict.
  void Play(const std::string& verb, const std::string& arguments,
            absl::AnyInvocable<void(absl::Status)> finish);

  boost::asio::io_context& loop_;
  std::map<std::string, absl::Status> failures_;
  std::set<std::string> held_;
  std::map<std::string, std::deque<absl::AnyInvocable<void(absl::Status)>>> waiting_;
  std::map<std::string, FakeWorkload*> workloads_;
  pid_t next_pid_ = 1000;
};

}  // namespace shim::testing
