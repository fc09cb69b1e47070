// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/worker.h"

#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/child_reaper.h"
#include "base/status_macros.h"
#include "conformance/harness/audit.h"
#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/names.h"
#include "conformance/harness/worker_protocol.h"
#include "conformance/harness/world.h"
#include "fakes/fault/fault_request.h"

namespace conformance {
namespace {

// How long what is dying may take. What a check that is red already has left says nothing more.
constexpr std::chrono::milliseconds kDyingPatience{2000};
constexpr std::chrono::milliseconds kDyingPatienceWhenRed{100};

bool WriteLine(std::string line) {
  line.push_back('\n');
  absl::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(kWorkerMessageFd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool Send(const WorkerMessage& message) { return WriteLine(EncodeMessage(message)); }

absl::StatusOr<std::string> ReadJobText() {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t count =
        ::pread(kWorkerJobFd, buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::ErrnoStatus(errno, "read the job");
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

// The parent-death signal misses a runner that died before it was set.
bool RunnerIsGone() {
  struct pollfd end = {.fd = kWorkerMessageFd, .events = 0, .revents = 0};
  return ::poll(&end, 1, 0) < 0 || (end.revents & (POLLERR | POLLNVAL)) != 0;
}

// The worker is the parent of all that is orphaned in its world.
std::int64_t CpuTime() {
  std::int64_t sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    struct rusage usage {};
    ::getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      sum += std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
    }
  }
  return sum;
}

absl::StatusOr<WorkerMessage> DoJob(const WorkerBody& body) {
  ASSIGN_OR_RETURN(const std::string text, ReadJobText());
  ASSIGN_OR_RETURN(const WorkerJob job, DecodeJob(text));
  const auto check = std::find_if(body.checks.begin(), body.checks.end(),
                                  [&job](const Check& one) { return one.id == job.check; });
  if (!job.check.empty() && check == body.checks.end()) {
    return absl::NotFoundError(absl::StrCat("no check ", job.check));
  }
  // Whoever starts the judge with the variable wants it to be told; no shim is otherwise.
  if (std::getenv(fakes::kCheckVariable) != nullptr) {
    ::setenv(fakes::kCheckVariable, job.check.c_str(), 1);
  }
  ASSIGN_OR_RETURN(const WorldInfo world, EnterWorld(job.world));
  ASSIGN_OR_RETURN(const Audit audit, Audit::Begin(world));

  boost::asio::io_context loop(1);
  ASSIGN_OR_RETURN(const std::unique_ptr<base::ChildReaper> reaper,
                   base::ChildReaper::Create(loop));
  const WorkerServices services{
      .loop = loop, .reaper = *reaper, .progress = [](absl::string_view waiting_for) {
        Send({.kind = WorkerMessage::Kind::kWaiting, .text = std::string(waiting_for)});
      }};
  WorkerMessage message;
  if (job.check.empty()) {
    message.kind = WorkerMessage::Kind::kProbe;
    ASSIGN_OR_RETURN(message.subject, body.probe(services, world, job.profile));
    return message;
  }
  message.kind = WorkerMessage::Kind::kOutcome;
  message.outcome = body.run_check(*check, services, world, job.subject, job.profile);
  services.progress("");
  const std::chrono::milliseconds patience =
      message.outcome.verdict == Verdict::kFail ? kDyingPatienceWhenRed : kDyingPatience;
  message.left = audit.Finish(
      loop, message.outcome.known,
      std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(patience.count()) *
                                                          std::max(1.0, world.deadline_scale))));
  message.cpu_us = CpuTime();
  // The kernel waits for every process of this namespace; a frozen one would keep it waiting.
  if (const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(world.cgroup_parent); tree.ok()) {
    tree->Thaw();
  }
  return message;
}

}  // namespace

void WorkerMain(const WorkerBody& body) {
  for (const int fd : {kWorkerJobFd, kWorkerMessageFd}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::signal(SIGPIPE, SIG_IGN);
  if (RunnerIsGone()) std::_Exit(4);
  absl::StatusOr<WorkerMessage> message = DoJob(body);
  if (!message.ok()) {
    message = WorkerMessage{.kind = WorkerMessage::Kind::kFailed,
                            .text = std::string(message.status().message())};
  }
  // Without destructors: what is left in this namespace ends with the process, and taking apart a
  // loop in whatever state a check left it is work for nothing.
  std::_Exit(Send(*message) ? 0 : 4);
}

}  // namespace conformance
