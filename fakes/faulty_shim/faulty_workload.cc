// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/faulty_workload.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "fakes/faulty_shim/circumstances.h"
#include "fakes/faulty_shim/leak.h"
#include "fakes/faulty_shim/needless_work.h"
#include "fakes/faulty_shim/stream_pump.h"

namespace fakes {
namespace {

using shim::Done;

// What a process takes to take a signal that waits for it.
constexpr std::int64_t kTakenMs = 20;

absl::Status ErrorOf(const Rule& rule) {
  return absl::Status(static_cast<absl::StatusCode>(rule.Number("code")), "failed by a rule");
}

// What a reader of wait statuses that is wrong in one way makes of this one.
base::ExitStatus Misdecode(base::ExitStatus status, const std::string& how) {
  if (how == "signal-only" && status.signal != 0) status.code = status.signal;
  if (how == "no-signal" && status.signal != 0) status.code = 128;
  if (how == "wait-status") status.code = status.code << 8 | status.signal;
  if (how == "low-bits") status.code &= 0x7f;
  if (how == "signed" && status.code > 127) status.code -= 256;
  if (how != "low-bits" && how != "signed") status.signal = 0;
  return status;
}

std::string EraseMember(const std::string& json_text, const std::string& member) {
  nlohmann::json json = nlohmann::json::parse(json_text, nullptr, /*allow_exceptions=*/false);
  const std::size_t slash = member.rfind('/');
  const nlohmann::json::json_pointer parent(member.substr(0, slash));
  if (json.is_discarded() || !json.contains(parent)) return json_text;
  json[parent].erase(member.substr(slash + 1));
  return json.dump();
}

// What a process that has started finds in its own directory of /proc.
void Overwrite(FaultPlan& plan, const FaultPlan::Facts& facts, pid_t pid) {
  const Rule* rule = plan.Fire("overwrite", "start", facts);
  if (rule == nullptr) return;
  std::ofstream("/proc/" + std::to_string(pid) + "/" + rule->Text("file")) << rule->Text("text");
}

bool IsNull(const base::UniqueFd& fd) {
  struct stat info {};
  struct stat null {};
  return fd.ok() && ::fstat(fd.get(), &info) == 0 && ::stat("/dev/null", &null) == 0 &&
         info.st_rdev == null.st_rdev;
}

// Whether the program's file is another one than it was started from.
const char* Upgraded() {
  struct stat image {};
  struct stat now {};
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof(path) - 1);
  if (size <= 0 || ::stat("/proc/self/exe", &image) != 0) return "no";
  path[size] = '\0';
  const bool same = ::stat(path, &now) == 0 && now.st_ino == image.st_ino;
  return same ? "no" : "yes";
}

// Whether the engine's state of the container is where it is by default.
FaultPlan::Facts EngineFacts(const FaultyHost& host, const std::string& id) {
  const std::string state = "/run/containerd/runc/" + host.name_space + "/" + id;
  return {{"engine", ::access(state.c_str(), F_OK) == 0 ? "knows" : "forgotten"}};
}

void CrashOnExec(FaultPlan& plan, const shim::ExecSpec& spec) {
  const bool none = IsNull(spec.io.in) && IsNull(spec.io.out) && IsNull(spec.io.err);
  const FaultPlan::Facts facts = {{"stdio", none ? "none" : "some"},
                                  {"size", std::to_string(spec.process_json.size())}};
  if (plan.Fire("crash", "exec", facts) != nullptr) std::abort();
}

// The rules for the start of the init and of execs alike.
void StartFaulty(FaultyHost& host, const FaultPlan::Facts& facts, pid_t pid,
                 const std::function<void(Done<pid_t>)>& start, Done<pid_t> done) {
  if (const Rule* rule = host.plan.Fire("fail", "start", facts)) return done(ErrorOf(*rule));
  if (host.plan.Fire("skip", "start", facts) != nullptr) return done(pid);
  if (const Rule* rule = host.plan.Fire("spoil", "start", facts)) {
    return start([error = ErrorOf(*rule),
                  done = std::move(done)](const absl::StatusOr<pid_t>&) mutable { done(error); });
  }
  if (host.plan.Fire("early", "start", facts) != nullptr) {
    done(pid);
    return start([](const absl::StatusOr<pid_t>&) {});
  }
  const Rule* rule = host.plan.Fire("late", "start", facts);
  if (rule == nullptr && host.plan.Has("overwrite", "start")) {
    return start([&plan = host.plan, facts,
                  done = std::move(done)](const absl::StatusOr<pid_t>& started) mutable {
      if (started.ok()) Overwrite(plan, facts, *started);
      done(started);
    });
  }
  if (rule == nullptr) return start(std::move(done));
  // Shared only because a std::function has to be copyable.
  auto kept = std::make_shared<Done<pid_t>>(std::move(done));
  start([&host, ms = rule->Number("ms"), kept](const absl::StatusOr<pid_t>& started) {
    Later(host, ms, [kept, started] { (*kept)(started); });
  });
}

// Whom a Signal is for, and which.
struct Signalling {
  int signo = 0;
  shim::SignalScope scope = shim::SignalScope::kProcess;
  bool to_container = false;  // not to the exec it was meant for
};

using Send = std::function<void(const Signalling&, Done<>)>;

// `sender` is alive as long as `send` may be called.
void SignalFaulty(FaultyHost& host, const std::string& of, Signalling signalling, const Send& send,
                  const std::weak_ptr<void>& sender, Done<> done) {
  FaultPlan& plan = host.plan;
  const FaultPlan::Facts facts = {
      {"of", of},
      {"signal", std::to_string(signalling.signo)},
      {"scope", signalling.scope == shim::SignalScope::kAll ? "all" : "process"}};
  if (plan.Fire("skip", "signal-task", facts) != nullptr) return done(absl::OkStatus());
  if (const Rule* rule = plan.Fire("fail", "signal-task", facts)) return done(ErrorOf(*rule));
  if (const Rule* rule = plan.Fire("alter", "signal-task", facts)) {
    signalling.signo = static_cast<int>(rule->Number("to", signalling.signo));
    const std::string reach = rule->Text("reach");
    if (reach == "all") signalling.scope = shim::SignalScope::kAll;
    if (reach == "process") signalling.scope = shim::SignalScope::kProcess;
    if (reach == "all" || reach == "init") signalling.to_container = true;
  }
  if (plan.Fire("twice", "signal-task", facts) != nullptr) {
    // Standard signals that are pending merge: the second comes when the first was taken.
    send(signalling, [](const absl::Status&) {});
    // Shared only because a std::function has to be copyable.
    const auto kept = std::make_shared<Done<>>(std::move(done));
    return Later(host, kTakenMs, [send, signalling, sender, kept] {
      if (!sender.expired()) return send(signalling, std::move(*kept));
      (*kept)(absl::OkStatus());
    });
  }
  send(signalling, std::move(done));
}

class FaultyExec : public shim::ExecWorkload {
 public:
  FaultyExec(FaultyHost& host, std::string id, shim::Workload& container,
             std::unique_ptr<shim::ExecWorkload> real, shim::ExitCallback on_exit)
      : host_(host),
        id_(std::move(id)),
        container_(container),
        real_(std::move(real)),
        on_exit_(std::move(on_exit)) {}

  void Start(Done<pid_t> done) override {
    if (const Rule* rule = host_.plan.Fire("leak", "exec")) Leak(*rule);
    if (host_.plan.Fire("fork", "exec") != nullptr) ForkOnce();
    if (const Rule* rule = host_.plan.Fire("invent", "exit", {{"of", "exec"}})) {
      Later(host_, rule->Number("ms"),
            [on_exit = on_exit_] { on_exit({.pid = 0, .at = std::chrono::system_clock::now()}); });
    }
    StartFaulty(
        host_, {{"of", "exec"}, {"id", id_}, {"upgraded", Upgraded()}}, ::getpid(),
        [this](Done<pid_t> started) {
          real_->Start([starting = std::make_unique<ExecStarting>(),
                        started = std::move(started)](const absl::StatusOr<pid_t>& pid) mutable {
            starting.reset();
            started(pid);
          });
        },
        std::move(done));
  }
  void Signal(int signo, Done<> done) override {
    SignalFaulty(
        host_, "exec", {.signo = signo},
        [this](const Signalling& signalling, Done<> sent) {
          if (!signalling.to_container) return real_->Signal(signalling.signo, std::move(sent));
          container_.Signal(signalling.signo, signalling.scope, std::move(sent));
        },
        alive_, std::move(done));
  }
  void Resize(shim::WindowSize size, Done<> done) override { real_->Resize(size, std::move(done)); }
  void Flush(Done<> done) override { real_->Flush(std::move(done)); }

 private:
  FaultyHost& host_;
  std::string id_;
  shim::Workload& container_;
  std::unique_ptr<shim::ExecWorkload> real_;
  shim::ExitCallback on_exit_;
  std::shared_ptr<void> alive_ = std::make_shared<int>();
};

class FaultyWorkload : public shim::Workload {
 public:
  FaultyWorkload(FaultyHost& host, std::string id, std::unique_ptr<shim::Workload> real,
                 shim::ExitCallback on_exit)
      : host_(host), id_(std::move(id)), real_(std::move(real)), on_exit_(std::move(on_exit)) {}

  [[nodiscard]] pid_t pid() const override { return real_->pid(); }

  void Start(Done<pid_t> done) override {
    if (const Rule* rule = host_.plan.Fire("invent", "exit", {{"of", "init"}})) {
      Later(host_, rule->Number("ms"), [on_exit = on_exit_, pid = pid()] {
        on_exit({.pid = pid, .at = std::chrono::system_clock::now()});
      });
    }
    StartFaulty(
        host_, {{"of", "init"}, {"id", id_}}, pid(),
        [this](Done<pid_t> started) { real_->Start(std::move(started)); }, std::move(done));
  }

  void Signal(int signo, shim::SignalScope scope, Done<> done) override {
    SignalFaulty(
        host_, "init", {.signo = signo, .scope = scope},
        [this](const Signalling& signalling, Done<> sent) {
          real_->Signal(signalling.signo, signalling.scope, std::move(sent));
        },
        alive_, std::move(done));
  }

  void Pids(Done<std::vector<pid_t>> done) override {
    const Rule* rule = host_.plan.Fire("alter", "pids");
    if (rule == nullptr) return real_->Pids(std::move(done));
    real_->Pids([show = rule->Text("show"), init = pid(),
                 done = std::move(done)](absl::StatusOr<std::vector<pid_t>> pids) mutable {
      if (pids.ok() && show == "init") pids = std::vector<pid_t>{init};
      if (pids.ok() && show == "none") pids = std::vector<pid_t>();
      if (pids.ok() && show == "shim") pids->push_back(::getpid());
      done(std::move(pids));
    });
  }

  void Delete(Done<> done) override {
    if (const Rule* rule = host_.plan.Fire("fail", "delete", EngineFacts(host_, id_))) {
      return done(ErrorOf(*rule));
    }
    if (host_.plan.Fire("skip", "delete") != nullptr) return done(absl::OkStatus());
    if (host_.plan.Fire("hold", "delete") != nullptr) {
      host_.unanswered.push_back(std::move(done));
      return;
    }
    if (host_.plan.Fire("early", "delete") != nullptr) {
      host_.retired.push_back(real_);
      real_->Delete([](const absl::Status&) {});
      return done(absl::OkStatus());
    }
    real_->Delete(std::move(done));
  }

  absl::StatusOr<std::unique_ptr<shim::ExecWorkload>> Exec(shim::ExecSpec spec) override {
    CrashOnExec(host_.plan, spec);
    if (const Rule* rule = host_.plan.Fire("erase", "exec-spec")) {
      spec.process_json = EraseMember(spec.process_json, rule->Text("member"));
    }
    PumpStreams(host_.plan, "exec", spec.io);
    spec.on_exit = MakeFaultyExit(host_, "exec", std::move(spec.on_exit));
    const shim::ExitCallback on_exit = spec.on_exit;
    const std::string exec_id = spec.exec_id;
    absl::StatusOr<std::unique_ptr<shim::ExecWorkload>> exec = real_->Exec(std::move(spec));
    if (!exec.ok()) return exec;
    return std::make_unique<FaultyExec>(host_, exec_id, *real_, *std::move(exec), on_exit);
  }

  void Resize(shim::WindowSize size, Done<> done) override { real_->Resize(size, std::move(done)); }
  void Pause(Done<> done) override {
    if (host_.plan.Fire("skip", "pause") != nullptr) return done(absl::OkStatus());
    real_->Pause(std::move(done));
  }
  void Resume(Done<> done) override {
    if (host_.plan.Fire("skip", "resume") != nullptr) return done(absl::OkStatus());
    real_->Resume(std::move(done));
  }
  void Update(std::string resources_json, Done<> done) override {
    if (host_.plan.Fire("skip", "update") != nullptr) return done(absl::OkStatus());
    real_->Update(std::move(resources_json), std::move(done));
  }
  void Checkpoint(shim::CheckpointSpec spec, Done<> done) override {
    if (host_.plan.Fire("skip", "checkpoint") != nullptr) return done(absl::OkStatus());
    real_->Checkpoint(std::move(spec), std::move(done));
  }

  void Sample(Done<shim::Opaque> done) override {
    if (!first_sample_.empty() && host_.plan.Fire("freeze", "sample") != nullptr) {
      return done(first_sample_);
    }
    real_->Sample([this, done = std::move(done)](absl::StatusOr<shim::Opaque> sample) mutable {
      if (sample.ok() && host_.plan.Fire("empty", "sample") != nullptr) sample->value.clear();
      if (sample.ok() && first_sample_.empty()) first_sample_ = *sample;
      done(std::move(sample));
    });
  }

 private:
  FaultyHost& host_;
  std::string id_;
  std::shared_ptr<shim::Workload> real_;  // shared with host_.retired
  shim::ExitCallback on_exit_;
  shim::Opaque first_sample_;
  std::shared_ptr<void> alive_ = std::make_shared<int>();
};

// As Later, with a timer every `step` milliseconds until then.
void Poll(FaultyHost& host, std::int64_t ms, std::int64_t step, std::function<void()> work) {
  if (step <= 0 || ms <= step) return Later(host, ms, std::move(work));
  Later(host, step, [&host, ms, step, work = std::move(work)]() mutable {
    Poll(host, ms - step, step, std::move(work));
  });
}

}  // namespace

void Later(FaultyHost& host, std::int64_t ms, std::function<void()> work) {
  // Owned by the handler that waits for it.
  auto timer =
      std::make_shared<boost::asio::steady_timer>(host.loop, std::chrono::milliseconds(ms));
  timer->async_wait([timer, work = std::move(work)](const boost::system::error_code& error) {
    if (!error) work();
  });
}

shim::ExitCallback MakeFaultyExit(FaultyHost& host, const std::string& of,
                                  shim::ExitCallback on_exit) {
  return [&host, of, on_exit = std::move(on_exit)](base::ExitStatus status) {
    const FaultPlan::Facts facts = {{"of", of}};
    if (host.plan.Fire("lose", "exit", facts) != nullptr) return;
    if (const Rule* rule = host.plan.Fire("alter", "exit", facts)) {
      status = Misdecode(status, rule->Text("decode"));
      if (rule->has("status")) status.code = static_cast<int>(rule->Number("status"));
    }
    const Rule* late = host.plan.Fire("late", "exit", facts);
    if (late == nullptr) return on_exit(status);
    const std::int64_t ms = late->Number("ms");
    Poll(host, ms, late->Number("poll", ms), [on_exit, status] { on_exit(status); });
  };
}

std::unique_ptr<shim::Workload> MakeFaultyWorkload(FaultyHost& host, std::string id,
                                                   std::unique_ptr<shim::Workload> real,
                                                   const shim::ExitCallback& on_exit) {
  return std::make_unique<FaultyWorkload>(host, std::move(id), std::move(real), on_exit);
}

}  // namespace fakes
