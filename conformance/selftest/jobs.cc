// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/jobs.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <list>
#include <map>
#include <memory>
#include <utility>

#include "base/child_reaper.h"
#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/subreaper.h"
#include "base/unique_fd.h"

namespace conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kGrace(30);  // from SIGTERM to SIGKILL

absl::StatusOr<base::UniqueFd> OpenOutput(const std::string& path) {
  base::UniqueFd file(::open(path.empty() ? "/dev/null" : path.c_str(),
                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("create ", path));
  return file;
}

// The command line of a process, or what there is of it.
std::string Describe(pid_t pid) {
  const absl::StatusOr<std::string> line =
      base::ReadKernelFile(absl::StrCat("/proc/", pid, "/cmdline"));
  if (!line.ok() || line->empty()) return absl::StrCat("pid ", pid);
  return absl::StrReplaceAll(*line, {{std::string(1, '\0'), " "}});
}

class JobRunner {
 public:
  JobRunner(boost::asio::io_context& loop, base::ChildReaper& reaper, const JobList& list,
            std::vector<std::string>* orphans)
      : loop_(loop),
        reaper_(reaper),
        list_(list),
        orphans_(orphans),
        signals_(loop, SIGINT, SIGTERM, SIGHUP) {
    reaper_.OnOrphan([this](const base::ExitStatus& exit) {
      if (orphans_ != nullptr) orphans_->push_back(absl::StrCat("pid ", exit.pid));
    });
    HandleSignals();
  }

  absl::Status Run(int at_a_time) {
    at_a_time_ = static_cast<std::size_t>(at_a_time);
    for (std::size_t i = 0; i < list_.count; ++i) waiting_.push_back(i);
    Fill();
    if (!running_.empty()) loop_.run();
    return status_;
  }

 private:
  struct Running {
    base::Child child;
    base::ChildReaper::Watch watch;
    std::unique_ptr<boost::asio::steady_timer> limit;
    Clock::time_point started;
    bool over_limit = false;
  };

  void HandleSignals() {
    signals_.async_wait([this](const boost::system::error_code& error, int /*signo*/) {
      if (error) return;
      const bool again = !status_.ok();
      status_ = absl::CancelledError("interrupted");
      SignalAll(again ? SIGKILL : SIGTERM);
      HandleSignals();
    });
  }

  void SignalAll(int signo) {
    for (const auto& [i, job] : running_) base::SendSignal(job.child.pidfd, signo).IgnoreError();
  }

  void Fill() {
    while (status_.ok() && running_.size() < at_a_time_) {
      const auto next = std::find_if(waiting_.begin(), waiting_.end(),
                                     [this](std::size_t i) { return IsLaneFree(i); });
      if (next == waiting_.end()) break;
      const std::size_t i = *next;
      waiting_.erase(next);
      absl::StatusOr<std::optional<Job>> job = list_.prepare(i);
      if (!job.ok()) return Fail(job.status());
      if (!*job) continue;
      if (const absl::Status started = Start(i, **job); !started.ok()) return Fail(started);
    }
    if (running_.empty()) {
      signals_.cancel();
      loop_.stop();
    }
  }

  bool IsLaneFree(std::size_t i) const {
    return !list_.lane || std::none_of(running_.begin(), running_.end(), [&](const auto& running) {
      return list_.lane(running.first) == list_.lane(i);
    });
  }

  void Fail(const absl::Status& status) {
    if (status_.ok()) status_ = status;
    SignalAll(SIGTERM);
    if (running_.empty()) loop_.stop();
  }

  absl::Status Start(std::size_t i, const Job& job) {
    ASSIGN_OR_RETURN(const base::UniqueFd out, OpenOutput(job.out));
    ASSIGN_OR_RETURN(const base::UniqueFd err, OpenOutput(job.err));
    base::SpawnSpec spec;
    spec.path = job.argv.front();
    spec.argv = job.argv;
    spec.cwd = job.cwd;
    spec.fds = {{.source = out.get(), .target = STDOUT_FILENO},
                {.source = err.get(), .target = STDERR_FILENO}};
    spec.parent_death_signal = SIGTERM;
    absl::StatusOr<base::Child> child = base::Spawn(spec);
    if (!child.ok()) return absl::InternalError(child.status().message());
    Running& running = running_[i];
    running.child = *std::move(child);
    running.started = Clock::now();
    running.watch = reaper_.OnExit(running.child.pid,
                                   [this, i](const base::ExitStatus& exit) { Ended(i, exit); });
    running.limit = std::make_unique<boost::asio::steady_timer>(loop_);
    Limit(i, job.limit, SIGTERM);
    return absl::OkStatus();
  }

  void Limit(std::size_t i, std::chrono::milliseconds limit, int signo) {
    boost::asio::steady_timer& timer = *running_.at(i).limit;
    timer.expires_after(limit);
    timer.async_wait([this, i, signo](const boost::system::error_code& error) {
      const auto found = running_.find(i);
      if (error || found == running_.end()) return;
      found->second.over_limit = true;
      base::SendSignal(found->second.child.pidfd, signo).IgnoreError();
      if (signo != SIGKILL) Limit(i, kGrace, SIGKILL);
    });
  }

  void Ended(std::size_t i, const base::ExitStatus& exit) {
    const auto found = running_.find(i);
    const JobEnd end{.exit = exit,
                     .over_limit = found->second.over_limit,
                     .took = std::chrono::duration_cast<std::chrono::milliseconds>(
                         Clock::now() - found->second.started)};
    running_.erase(found);
    if (status_.ok()) {
      if (const absl::Status told = list_.done(i, end); !told.ok()) return Fail(told);
    }
    Fill();
  }

  boost::asio::io_context& loop_;
  base::ChildReaper& reaper_;
  const JobList& list_;
  std::vector<std::string>* orphans_;
  boost::asio::signal_set signals_;
  std::map<std::size_t, Running> running_;
  std::size_t at_a_time_ = 1;
  std::list<std::size_t> waiting_;  // not begun
  absl::Status status_;
};

// What was adopted and still runs: named, killed, reaped.
void EndOrphans(std::vector<std::string>& orphans) {
  const std::string children = absl::StrCat("/proc/self/task/", ::getpid(), "/children");
  const absl::StatusOr<std::string> pids = base::ReadKernelFile(children);
  if (!pids.ok()) return;
  const char* at = pids->c_str();
  for (char* end = nullptr;; at = end) {
    const long pid = std::strtol(at, &end, 10);
    if (end == at || pid <= 0) return;
    orphans.push_back(Describe(static_cast<pid_t>(pid)));
    ::kill(static_cast<pid_t>(pid), SIGKILL);
    ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
  }
}

}  // namespace

absl::Status RunJobs(const JobList& list, int at_a_time, std::vector<std::string>* orphans) {
  if (orphans != nullptr) RETURN_IF_ERROR(base::BecomeSubreaper());
  absl::Status status;
  {
    boost::asio::io_context loop(1);
    ASSIGN_OR_RETURN(const std::unique_ptr<base::ChildReaper> reaper,
                     base::ChildReaper::Create(loop));
    status = JobRunner(loop, *reaper, list, orphans).Run(at_a_time);
  }
  if (orphans != nullptr) EndOrphans(*orphans);
  return status;
}

}  // namespace conformance
