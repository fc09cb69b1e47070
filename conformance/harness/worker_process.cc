// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/worker_process.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/world.h"

namespace conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kActivityMax = 64;
constexpr std::size_t kErrorTextBytesMax = 4096;
// After its report a worker has nothing left to do but to end.
constexpr std::chrono::milliseconds kThawInterval{100};
constexpr std::chrono::seconds kEndPatience{10};

absl::StatusOr<base::UniqueFd> MemoryFile(const char* name, absl::string_view content) {
  base::UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("memfd_create ", name));
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::ErrnoStatus(errno, absl::StrCat("write ", name));
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

std::string ReadTail(const base::UniqueFd& file) {
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size <= 0) return "";
  const off_t start = std::max<off_t>(0, size - static_cast<off_t>(kErrorTextBytesMax));
  std::string text(static_cast<std::size_t>(size - start), '\0');
  const ssize_t count = ::pread(file.get(), text.data(), text.size(), start);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

}  // namespace

class WorkerProcess::Impl : public std::enable_shared_from_this<WorkerProcess::Impl> {
 public:
  Impl(boost::asio::io_context& loop, const WorkerJob& job, EndCallback on_end)
      : pipe_(loop),
        budget_timer_(loop),
        thaw_timer_(loop),
        cgroup_parent_(job.world.cgroup_parent),
        on_end_(std::move(on_end)) {}

  absl::Status Start(base::ChildReaper& reaper, const WorkerCommand& command, const WorkerJob& job,
                     std::chrono::milliseconds budget) {
    ASSIGN_OR_RETURN(const base::UniqueFd job_file, MemoryFile("job", EncodeJob(job)));
    ASSIGN_OR_RETURN(errors_, MemoryFile("stderr", ""));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe for a worker");
    base::UniqueFd read_end(ends[0]);
    const base::UniqueFd write_end(ends[1]);

    base::SpawnSpec spec;
    spec.path = command.path;
    spec.argv = command.argv;
    spec.cwd = "/";
    spec.fds = {{.source = errors_.get(), .target = 2},
                {.source = job_file.get(), .target = kWorkerJobFd},
                {.source = write_end.get(), .target = kWorkerMessageFd}};
    spec.group = base::SpawnSpec::Group::kSession;  // no terminal, no Ctrl-C of the runner's
    spec.parent_death_signal = SIGKILL;
    spec.namespaces = WorldNamespaces();
    started_ = Clock::now();
    ASSIGN_OR_RETURN(child_, base::Spawn(spec));
    const std::shared_ptr<Impl> self = shared_from_this();
    watch_ = reaper.OnExit(child_.pid, [self](const base::ExitStatus& status) {
      self->end_.exit = status;
      self->exited_ = true;
      self->thaw_timer_.cancel();
      self->EndIfComplete();
    });
    boost::system::error_code error;
    pipe_.assign(read_end.release(), error);
    if (error) {
      Kill();
      return absl::InternalError(absl::StrCat("worker pipe: ", error.message()));
    }
    Read();
    budget_timer_.expires_after(budget);
    budget_timer_.async_wait([self](const boost::system::error_code& cancelled) {
      if (cancelled || self->exited_) return;
      self->end_.over_budget = true;
      self->Kill();
    });
    return absl::OkStatus();
  }

  void Kill() {
    if (exited_ || !child_.pidfd.ok()) return;
    // An error means that it has ended meanwhile.
    base::SendSignal(child_.pidfd, SIGKILL).IgnoreError();
    Thaw();
  }

  void KillByOrder() {
    end_.killed = true;
    Kill();
  }

  // Nobody wants to hear from this worker any more.
  void Abandon() {
    on_end_ = nullptr;
    watch_ = {};
    Kill();
    boost::system::error_code ignored;
    pipe_.close(ignored);
    budget_timer_.cancel();
    thaw_timer_.cancel();
  }

 private:
  void Read() {
    pipe_.async_read_some(
        boost::asio::buffer(buffer_),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t count) {
          if (self->on_end_ == nullptr) return;
          if (error) {
            self->at_eof_ = true;
            self->EndIfComplete();
            return;
          }
          self->Take(absl::string_view(self->buffer_.data(), count));
          self->Read();
        });
  }

  void Take(absl::string_view bytes) {
    if (!end_.protocol_error.empty()) return;
    pending_.append(bytes.data(), bytes.size());
    std::size_t start = 0;
    for (std::size_t newline = pending_.find('\n'); newline != std::string::npos;
         newline = pending_.find('\n', start)) {
      TakeLine(absl::string_view(pending_).substr(start, newline - start));
      start = newline + 1;
    }
    pending_.erase(0, start);
    if (pending_.size() > kWorkerLineBytesMax) Reject("a line longer than 8 MiB");
  }

  void TakeLine(absl::string_view line) {
    absl::StatusOr<WorkerMessage> message = DecodeMessage(line);
    if (!message.ok()) return Reject(std::string(message.status().message()));
    if (message->kind == WorkerMessage::Kind::kWaiting) {
      if (!message->text.empty()) {
        if (end_.activity.size() == kActivityMax) end_.activity.erase(end_.activity.begin());
        end_.activity.push_back({.offset_us = Elapsed().count(), .text = message->text});
      }
      end_.waiting_for = std::move(message->text);
      return;
    }
    end_.report = *std::move(message);
    end_.waiting_for.clear();
    // The worker ends now; should something of its world be frozen, its end needs help.
    budget_timer_.expires_after(kEndPatience);
    budget_timer_.async_wait(
        [self = shared_from_this()](const boost::system::error_code& cancelled) {
          if (!cancelled) self->Kill();
        });
    ThawLater();
  }

  void Reject(std::string problem) {
    if (!end_.protocol_error.empty()) return;
    end_.protocol_error = std::move(problem);
    Kill();
  }

  // A process on its way through fork can be frozen after one thaw has passed it.
  void Thaw() {
    if (const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(cgroup_parent_); tree.ok()) {
      tree->Thaw();
    }
    ThawLater();
  }
  void ThawLater() {
    thaw_timer_.expires_after(kThawInterval);
    thaw_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (!cancelled && !self->exited_) self->Thaw();
    });
  }

  std::chrono::microseconds Elapsed() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
  }

  void EndIfComplete() {
    if (!exited_ || !at_eof_ || on_end_ == nullptr) return;
    budget_timer_.cancel();
    end_.took = Elapsed();
    end_.error_text = ReadTail(errors_);
    if (const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(cgroup_parent_); tree.ok()) {
      end_.remained = tree->Remove();
    }
    // Last: the callback may destroy this worker.
    std::exchange(on_end_, nullptr)(std::move(end_));
  }

  boost::asio::posix::stream_descriptor pipe_;
  boost::asio::steady_timer budget_timer_;
  boost::asio::steady_timer thaw_timer_;
  std::string cgroup_parent_;
  EndCallback on_end_;
  base::UniqueFd errors_;
  base::Child child_;
  base::ChildReaper::Watch watch_;
  Clock::time_point started_;
  std::array<char, 16384> buffer_{};
  std::string pending_;
  bool exited_ = false;
  bool at_eof_ = false;
  WorkerEnd end_;
};

WorkerProcess::WorkerProcess(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
WorkerProcess::~WorkerProcess() { impl_->Abandon(); }
void WorkerProcess::Kill() { impl_->KillByOrder(); }

absl::StatusOr<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(
    boost::asio::io_context& loop, base::ChildReaper& reaper, const WorkerCommand& command,
    const WorkerJob& job, std::chrono::milliseconds budget, EndCallback on_end) {
  auto impl = std::make_shared<Impl>(loop, job, std::move(on_end));
  const absl::Status status = impl->Start(reaper, command, job, budget);
  if (!status.ok()) {
    impl->Abandon();
    return status;
  }
  return std::unique_ptr<WorkerProcess>(new WorkerProcess(std::move(impl)));
}

}  // namespace conformance
