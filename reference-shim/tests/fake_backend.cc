// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/tests/fake_backend.h"

#include <absl/strings/str_cat.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <optional>

namespace shim::testing {
namespace {

base::ExitStatus ExitOf(pid_t pid, int code, int signal) {
  return {.pid = pid, .code = code, .signal = signal, .at = std::chrono::system_clock::now()};
}

}  // namespace

class FakeExec;

class FakeWorkload final : public Workload {
 public:
  FakeWorkload(FakeBackend& backend, CreateSpec spec, pid_t pid)
      : backend_(backend), spec_(std::move(spec)), pid_(pid) {
    backend_.workloads_[spec_.id] = this;
  }
  ~FakeWorkload() override { backend_.workloads_.erase(spec_.id); }

  [[nodiscard]] pid_t pid() const override { return spec_.checkpoint.empty() ? pid_ : 0; }
  void Start(Done<pid_t> done) override {
    Play("start", "", [this, done = std::move(done)](absl::Status status) mutable {
      if (!status.ok()) return done(status);
      done(pid_);
    });
  }
  void Signal(int signo, SignalScope scope, Done<> done) override;
  absl::StatusOr<std::unique_ptr<ExecWorkload>> Exec(ExecSpec spec) override;
  void Resize(WindowSize size, Done<> done) override {
    Play("resize", absl::StrCat(" ", size.width, "x", size.height), std::move(done));
  }
  void Pause(Done<> done) override { Play("pause", "", std::move(done)); }
  void Resume(Done<> done) override { Play("resume", "", std::move(done)); }
  void Update(std::string resources_json, Done<> done) override {
    Play("update", absl::StrCat(" ", resources_json), std::move(done));
  }
  void Checkpoint(CheckpointSpec spec, Done<> done) override {
    Play("checkpoint", absl::StrCat(" ", spec.path), std::move(done));
  }
  void Sample(Done<Opaque> done) override {
    Play("sample", "", [done = std::move(done)](absl::Status status) mutable {
      if (!status.ok()) return done(status);
      done(Opaque{.type_url = "io.containerd.cgroups.v2.Metrics", .value = "metrics"});
    });
  }
  void Pids(Done<std::vector<pid_t>> done) override;
  void Delete(Done<> done) override { Play("delete", "", std::move(done)); }

  void End(int code, int signal) {
    if (std::exchange(ended_, true)) return;
    spec_.on_exit(ExitOf(pid_, code, signal));
  }
  CreateSpec& spec() { return spec_; }
  std::map<std::string, FakeExec*>& execs() { return execs_; }

 private:
  friend class FakeExec;
  void Play(const std::string& verb, const std::string& arguments,
            absl::AnyInvocable<void(absl::Status)> finish) {
    backend_.Play(verb, absl::StrCat(spec_.id, arguments), std::move(finish));
  }

  FakeBackend& backend_;
  CreateSpec spec_;
  pid_t pid_;
  bool ended_ = false;
  std::map<std::string, FakeExec*> execs_;
};

class FakeExec final : public ExecWorkload {
 public:
  FakeExec(FakeWorkload& owner, ExecSpec spec) : owner_(owner), spec_(std::move(spec)) {
    owner_.execs_[spec_.exec_id] = this;
  }
  ~FakeExec() override { owner_.execs_.erase(spec_.exec_id); }

  void Start(Done<pid_t> done) override {
    Play("start-exec", "", [this, done = std::move(done)](absl::Status status) mutable {
      if (!status.ok()) return done(status);
      pid_ = owner_.backend_.next_pid_++;
      done(*pid_);
    });
  }
  void Signal(int signo, Done<> done) override {
    if (signo == SIGKILL) {
      boost::asio::post(owner_.backend_.loop_, [&owner = owner_, exec_id = spec_.exec_id] {
        const auto found = owner.execs().find(exec_id);
        if (found != owner.execs().end()) found->second->End(0, SIGKILL);
      });
    }
    Play("signal-exec", absl::StrCat(" ", signo), std::move(done));
  }
  void Resize(WindowSize size, Done<> done) override {
    Play("resize-exec", absl::StrCat(" ", size.width, "x", size.height), std::move(done));
  }

  void End(int code, int signal) {
    if (!pid_) return;
    const pid_t pid = *std::exchange(pid_, std::nullopt);
    spec_.on_exit(ExitOf(pid, code, signal));
  }
  ExecSpec& spec() { return spec_; }
  [[nodiscard]] std::optional<pid_t> pid() const { return pid_; }

 private:
  void Play(const std::string& verb, const std::string& arguments,
            absl::AnyInvocable<void(absl::Status)> finish) {
    owner_.Play(verb, absl::StrCat(" ", spec_.exec_id, arguments), std::move(finish));
  }

  FakeWorkload& owner_;
  ExecSpec spec_;
  std::optional<pid_t> pid_;  // while it runs
};

void FakeWorkload::Signal(int signo, SignalScope scope, Done<> done) {
  const bool all = scope == SignalScope::kAll;
  if (signo == SIGKILL && !backend_.immortal) {
    boost::asio::post(backend_.loop_, [&backend = backend_, id = spec_.id, all] {
      const auto found = backend.workloads_.find(id);
      if (found == backend.workloads_.end()) return;
      FakeWorkload& workload = *found->second;
      std::vector<std::string> killed;
      for (const auto& [exec_id, exec] : workload.execs_) killed.push_back(exec_id);
      workload.End(0, SIGKILL);
      if (!all) return;
      for (const std::string& exec_id : killed) backend.ExitExec(id, exec_id, 0, SIGKILL);
    });
  }
  Play("signal", absl::StrCat(" ", signo, all ? " all" : ""), std::move(done));
}

absl::StatusOr<std::unique_ptr<ExecWorkload>> FakeWorkload::Exec(ExecSpec spec) {
  const auto failure = backend_.failures_.find("exec");
  if (failure != backend_.failures_.end()) return failure->second;
  return std::make_unique<FakeExec>(*this, std::move(spec));
}

void FakeWorkload::Pids(Done<std::vector<pid_t>> done) {
  Play("pids", "", [this, done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return done(status);
    std::vector<pid_t> pids = {pid_, 77};
    for (const auto& [exec_id, exec] : execs_) {
      if (exec->pid()) pids.push_back(*exec->pid());
    }
    done(std::move(pids));
  });
}

class FakeSandbox final : public SandboxWorkload {
 public:
  explicit FakeSandbox(FakeBackend& backend) : backend_(backend) {}
  void Start(Done<pid_t> done) override {
    Play("start-sandbox", [this, done = std::move(done)](absl::Status status) mutable {
      if (!status.ok()) return done(status);
      done(backend_.next_pid_++);
    });
  }
  void Stop(Done<> done) override { Play("stop-sandbox", std::move(done)); }
  void Sample(Done<Opaque> done) override {
    Play("sample-sandbox", [done = std::move(done)](absl::Status status) mutable {
      if (!status.ok()) return done(status);
      done(Opaque{.type_url = "io.containerd.cgroups.v2.Metrics", .value = "metrics"});
    });
  }

 private:
  void Play(const std::string& verb, absl::AnyInvocable<void(absl::Status)> finish) {
    backend_.Play(verb, backend_.sandbox.id, std::move(finish));
  }
  FakeBackend& backend_;
};

FakeBackend::~FakeBackend() = default;

void FakeBackend::Fail(const std::string& verb, absl::Status status) {
  failures_.erase(verb);
  if (!status.ok()) failures_[verb] = std::move(status);
}

std::size_t FakeBackend::Held(const std::string& verb) const {
  const auto found = waiting_.find(verb);
  return found == waiting_.end() ? 0 : found->second.size();
}

void FakeBackend::Release(const std::string& verb, const absl::Status& status) {
  held_.erase(verb);
  for (auto& finish : std::exchange(waiting_[verb], {})) finish(status);
}

void FakeBackend::ExitInit(const std::string& id, int code, int signal) {
  workloads_.at(id)->End(code, signal);
}

void FakeBackend::ExitExec(const std::string& id, const std::string& exec_id, int code,
                           int signal) {
  const auto workload = workloads_.find(id);
  if (workload == workloads_.end()) return;
  const auto exec = workload->second->execs().find(exec_id);
  if (exec != workload->second->execs().end()) exec->second->End(code, signal);
}

void FakeBackend::Oom(const std::string& id) { workloads_.at(id)->spec().on_oom(); }

CreateSpec& FakeBackend::Created(const std::string& id) { return workloads_.at(id)->spec(); }

ExecSpec& FakeBackend::Exec(const std::string& id, const std::string& exec_id) {
  return workloads_.at(id)->execs().at(exec_id)->spec();
}

void FakeBackend::Play(const std::string& verb, const std::string& arguments,
                       absl::AnyInvocable<void(absl::Status)> finish) {
  calls.push_back(absl::StrCat(verb, " ", arguments));
  if (held_.contains(verb)) return waiting_[verb].push_back(std::move(finish));
  const auto failure = failures_.find(verb);
  boost::asio::post(
      loop_, [finish = std::move(finish),
              status = failure == failures_.end() ? absl::OkStatus() : failure->second]() mutable {
        finish(std::move(status));
      });
}

void FakeBackend::Create(CreateSpec spec, Done<std::unique_ptr<Workload>> done) {
  const std::string id = spec.id;
  Play("create", id,
       [this, spec = std::move(spec), done = std::move(done)](absl::Status status) mutable {
         if (!status.ok()) return done(status);
         done(std::make_unique<FakeWorkload>(*this, std::move(spec), next_pid_++));
       });
}

absl::StatusOr<std::unique_ptr<SandboxWorkload>> FakeBackend::MakeSandbox(SandboxSpec spec) {
  const auto failure = failures_.find("make-sandbox");
  if (failure != failures_.end()) return failure->second;
  sandbox = std::move(spec);
  if (!has_sandboxes) return std::unique_ptr<SandboxWorkload>();
  return std::make_unique<FakeSandbox>(*this);
}

void FakeBackend::Reclaim(ReclaimSpec spec, Done<> done) {
  Play("reclaim", absl::StrCat(spec.id, " ", spec.bundle), std::move(done));
}

void FakeBackend::Features(Opaque, Done<std::string> done) {
  Play("features", "", [this, done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return done(status);
    done(features);
  });
}

}  // namespace shim::testing
