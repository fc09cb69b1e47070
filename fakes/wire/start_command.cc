// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/start_command.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/subreaper.h"
#include "bootstrap/v1/bootstrap.pb.h"
#include "containerd/bootstrap.h"
#include "containerd/limits.h"
#include "containerd/shim_address.h"
#include "fakes/wire/command_acts.h"
#include "fakes/wire/relay.h"
#include "fakes/wire/sockets.h"

namespace fakes {
namespace {

constexpr char kEventVariable[] = "TTRPC_ADDRESS";
constexpr char kSocketDirectory[] = "/run/shimgauge-wire";
constexpr absl::string_view kStands = "stands";
constexpr int kDyingRelayMs = 5000;
constexpr int kStartsMax = 3;

std::string OwnImage(const std::string& process) {
  char path[PATH_MAX];
  const ssize_t size =
      ::readlink(absl::StrCat("/proc/", process, "/exe").c_str(), path, sizeof(path));
  return {path, size > 0 ? static_cast<std::size_t>(size) : 0};
}

absl::StatusOr<std::string> ReadInput() {
  std::string text;
  char buffer[64 * 1024];
  while (text.size() <= containerd::kStartInputBytesMax) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof(buffer));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::ErrnoStatus(errno, "read stdin");
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

// Held shared by whoever may start a daemon, until its relay stands; alone by whoever joined one,
// for a moment: by then the relay stands.
class StartLock {
 public:
  StartLock() : fd_(::open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
  void Take(int how) {
    while (::flock(fd_.get(), how) != 0 && errno == EINTR) {
    }
  }

 private:
  base::UniqueFd fd_;
};

// A place for a socket of ours that the shim takes for containerd's.
class SinkPlaces {
 public:
  // Our path for the event service at `address`; the address itself where we can have no socket.
  std::string Stand(const std::string& address) {
    const std::string path(absl::StripPrefix(address, "unix://"));
    if (path.empty() || path[0] != '/') return address;
    for (const RelaySink& sink : sinks_) {
      if (sink.theirs == path) return sink.ours;
    }
    if (::mkdir(kSocketDirectory, 0700) != 0 && errno != EEXIST) return address;
    sinks_.push_back({absl::StrCat(kSocketDirectory, "/", ::getpid(), ".", sinks_.size()), path});
    return sinks_.back().ours;
  }
  [[nodiscard]] const std::vector<RelaySink>& sinks() const { return sinks_; }

 private:
  std::vector<RelaySink> sinks_;
};

// What `start` is told, with our event service in place of containerd's.
void RedirectEvents(const ShimCommand& command, SinkPlaces& places, ShimRun& run) {
  if (const char* address = std::getenv(kEventVariable); address != nullptr && *address != '\0') {
    run.env[kEventVariable] = places.Stand(address);
  }
  const auto flag = [&command](const char* name) {
    const auto found = command.flags.find(name);
    return found == command.flags.end() ? std::string() : found->second;
  };
  containerd::runtime::bootstrap::v1::BootstrapParams params;
  if (run.input->empty() ||
      containerd::ParseStartInput(*run.input, flag("id"), flag("namespace")).form !=
          containerd::StartInput::Form::kParams ||
      !params.ParseFromString(*run.input) || params.containerd_ttrpc_address().empty()) {
    return;
  }
  params.set_containerd_ttrpc_address(places.Stand(params.containerd_ttrpc_address()));
  run.input = params.SerializeAsString();
}

// The daemon that the shim's `start` has left behind: we are its subreaper.
absl::StatusOr<base::Child> FindDaemon() {
  ASSIGN_OR_RETURN(const std::string text,
                   base::ReadKernelFile(absl::StrCat("/proc/self/task/", ::getpid(), "/children")));
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipWhitespace())) {
    base::Child child;
    if (!absl::SimpleAtoi(word, &child.pid)) continue;
    absl::StatusOr<base::UniqueFd> pidfd = base::OpenPidfd(child.pid);
    if (!pidfd.ok() || base::HasExited(*pidfd)) continue;
    child.pidfd = *std::move(pidfd);
    return child;
  }
  return absl::NotFoundError("no daemon");
}

absl::Status StartRelay(const std::string& socket, const base::Child& daemon, const std::string& ns,
                        const std::vector<RelaySink>& sinks, bool hold_output) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  const base::UniqueFd report(fds[0]);
  base::UniqueFd theirs(fds[1]);
  base::SpawnSpec spec;
  spec.path = OwnImage("self");
  spec.argv = {spec.path, kRelayWord, socket, absl::StrCat(daemon.pid), ns};
  for (const RelaySink& sink : sinks) {
    spec.argv.push_back(sink.ours);
    spec.argv.push_back(sink.theirs);
  }
  spec.cwd = "/";
  spec.group = base::SpawnSpec::Group::kSession;
  spec.fds = {{.source = daemon.pidfd.get(), .target = kRelayPidfd},
              {.source = theirs.get(), .target = kRelayReport}};
  if (hold_output) spec.fds.push_back({.source = STDOUT_FILENO, .target = STDOUT_FILENO});
  RETURN_IF_ERROR(base::Spawn(spec).status());
  theirs.reset();
  char text[512];
  const ssize_t size = ::read(report.get(), text, sizeof(text));
  const absl::string_view word(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  if (word == kStands) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("relay: ", word.empty() ? "it died" : word));
}

// Whether the shim has joined a relay that stands, or stood a moment ago, before a daemon that is
// no more. Waits until it has left.
bool WasDying(const std::string& socket) {
  const pid_t pid = ListenerOf(socket);
  if (pid <= 0) return true;  // it has left since the shim has looked
  if (OwnImage(absl::StrCat(pid)) != OwnImage("self")) return false;
  const auto pidfd = base::OpenPidfd(pid);
  const auto line = base::ReadKernelFile(absl::StrCat("/proc/", pid, "/cmdline"));
  if (!pidfd.ok() || !line.ok()) return true;  // it has left just now
  const std::vector<std::string> argv = absl::StrSplit(*line, '\0');
  pid_t daemon = 0;
  if (argv.size() < 4 || !absl::SimpleAtoi(argv[3], &daemon)) return false;
  const auto alive = base::OpenPidfd(daemon);
  if (alive.ok() && !base::HasExited(*alive)) return false;
  pollfd left{.fd = pidfd->get(), .events = POLLIN, .revents = 0};
  ::poll(&left, 1, kDyingRelayMs);
  return true;
}

std::string SocketOf(const ShimOutcome& outcome) {
  if (outcome.code != 0) return "";
  const auto result = containerd::ParseStartResult(outcome.output);
  if (!result.ok()) return "";
  const auto address = containerd::ParseAddress(result->address);
  const bool path = address.ok() && address->transport == containerd::Address::Transport::kUnix;
  return path ? address->path : "";
}

// Runs `start` and sees to it that a relay stands before the daemon it speaks of.
absl::StatusOr<ShimOutcome> StartBehindRelay(const ShimCommand& command, ShimRun run,
                                             bool hold_output) {
  const auto ns = command.flags.find("namespace");
  RETURN_IF_ERROR(base::BecomeSubreaper());
  SinkPlaces places;
  RedirectEvents(command, places, run);
  StartLock lock;
  for (int starts = 1;; ++starts) {
    lock.Take(LOCK_SH);
    ASSIGN_OR_RETURN(ShimOutcome outcome, RunShim(run));
    const std::string socket = SocketOf(outcome);
    if (socket.empty()) return outcome;
    const absl::StatusOr<base::Child> daemon = FindDaemon();
    if (daemon.ok()) {
      RETURN_IF_ERROR(StartRelay(socket, *daemon, ns == command.flags.end() ? "" : ns->second,
                                 places.sinks(), hold_output));
      return outcome;
    }
    lock.Take(LOCK_EX);
    if (starts == kStartsMax || !WasDying(socket)) return outcome;
  }
}

}  // namespace

absl::StatusOr<int> StartCommand(const FaultRequest& request, RuleBook& book,
                                 const ShimCommand& command, const std::vector<std::string>& args) {
  ShimRun run{.program = request.subject, .args = args, .env = {}, .input = {}};
  ASSIGN_OR_RETURN(run.input, ReadInput());
  CommandFacts facts = command.flags;
  AddLineFacts(args, facts);
  AddInputFacts(*run.input, facts);
  const std::vector<const WireRule*> rules = book.FireCommand(WireSide::kStart, facts);
  const auto work = [&]() -> absl::StatusOr<int> {
    const bool hold = Has(rules, WireAct::kHoldOutput);
    ShimOutcome outcome;
    if (EditRun(rules, run)) {
      const bool relayed = book.Concerns(kMessageSides) || hold;
      for (int runs = Has(rules, WireAct::kTwice) ? 2 : 1; runs > 0; --runs) {
        ASSIGN_OR_RETURN(outcome, relayed ? StartBehindRelay(command, run, hold) : RunShim(run));
      }
    }
    RETURN_IF_ERROR(EditOutcome(WireSide::kStart, rules, facts, outcome));
    (void)!::write(STDOUT_FILENO, outcome.output.data(), outcome.output.size());
    return outcome.code;
  };
  return Has(rules, WireAct::kKeepParent) ? KeepParent(work) : work();
}

int RelayCommand(RuleBook book, const std::vector<std::string>& args) {
  // argv: the word, socket, pid, namespace, then pairs of sockets.
  RelayOptions options;
  const bool whole =
      args.size() >= 4 && args.size() % 2 == 0 && absl::SimpleAtoi(args[2], &options.daemon);
  absl::Status status = absl::InvalidArgumentError("not started by start");
  base::UniqueFd report(kRelayReport);
  ::fcntl(kRelayPidfd, F_SETFD, FD_CLOEXEC);
  ::fcntl(kRelayReport, F_SETFD, FD_CLOEXEC);
  if (whole) {
    options.socket = args[1];
    options.ns = args[3];
    options.pidfd = base::UniqueFd(kRelayPidfd);
    for (std::size_t i = 4; i < args.size(); i += 2) {
      options.sinks.push_back({.ours = args[i], .theirs = args[i + 1]});
    }
    book.SetSubject(options.daemon, options.ns);
    boost::asio::io_context loop(1);
    Relay relay(loop, std::move(options), std::move(book));
    status = relay.Start();
    if (status.ok()) {
      (void)!::write(report.get(), kStands.data(), kStands.size());
      report.reset();
      relay.Run();
      return 0;
    }
  }
  const std::string text(status.message());
  (void)!::write(report.get(), text.data(), text.size());
  return 1;
}

}  // namespace fakes
