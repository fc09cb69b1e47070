// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/start_command.h"

#include <absl/functional/function_ref.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/fifo.h"
#include "base/fork.h"
#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "containerd/bootstrap.h"
#include "containerd/limits.h"
#include "containerd/shim_address.h"
#include "oci/annotations.h"
#include "oci/bundle.h"
#include "reference-shim/shim/command_io.h"
#include "reference-shim/shim/command_line.h"
#include "reference-shim/shim/limits.h"
#include "reference-shim/shim/serve_command.h"
#include "reference-shim/shim/shim_cgroup.h"
#include "reference-shim/shim/small_file.h"
#include "reference-shim/shim/socket_claim.h"

namespace shim {
namespace {

constexpr int kOomScoreMax = 1000;
constexpr int kKilledDaemonTimeoutMs = 1000;

// The daemon inherits the score of this process, which ends anyway: one more than containerd's
// choice, so that under pressure the shim goes before containerd (START-12). Raising it takes no
// privilege; where it fails nevertheless, the score stays.
void RaiseOomScore() {
  const base::UniqueFd fd(::open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC));
  char text[16] = {};
  if (!fd.ok() || ::pread(fd.get(), text, sizeof(text) - 1, 0) <= 0) return;
  int score = 0;
  if (!absl::SimpleAtoi(text, &score) || score >= kOomScoreMax) return;
  const std::string raised = absl::StrCat(score + 1);
  [[maybe_unused]] const ssize_t written = ::pwrite(fd.get(), raised.data(), raised.size(), 0);
}

// One daemon that must not survive a failure of what follows.
class NewDaemon {
 public:
  explicit NewDaemon(std::string socket_path) : socket_path_(std::move(socket_path)) {}
  ~NewDaemon() {
    if (kept_) return;
    if (child_.pidfd.ok()) {
      base::SendSignal(child_.pidfd, SIGKILL).IgnoreError();
      pollfd ended{.fd = child_.pidfd.get(), .events = POLLIN, .revents = 0};
      ::poll(&ended, 1, kKilledDaemonTimeoutMs);
    }
    ::unlink(socket_path_.c_str());
  }
  NewDaemon(const NewDaemon&) = delete;
  NewDaemon& operator=(const NewDaemon&) = delete;

  // The daemon is a copy of this process that does `serve` and ends with what that returns.
  absl::Status Fork(int listener, absl::FunctionRef<int()> serve) {
    base::SpawnSpec spec;
    // Not the bundle: a shared shim outlives the bundle of its first container, and containerd
    // wants to remove it.
    spec.cwd = "/";
    // START-11. Not a session: with the kernel's autogroups that is a scheduling group, too, and
    // the move into it has been seen to take 5 to 10 ms on a busy machine.
    spec.group = base::SpawnSpec::Group::kOwn;
    spec.fds = {{.source = listener, .target = kListenerFd}};
    // Without a FIFO `log` there is nowhere to log to.
    const absl::StatusOr<base::UniqueFd> log =
        base::OpenFifoWriter(std::string(oci::kLogFifo), /*nonblocking=*/true);
    if (log.ok()) spec.fds.push_back({.source = log->get(), .target = STDERR_FILENO});
    ASSIGN_OR_RETURN(child_, base::ForkAs(spec));
    // What is on this stack owns descriptors that the copy does not have.
    if (child_.pid == 0) std::exit(serve());
    return absl::OkStatus();
  }
  [[nodiscard]] pid_t pid() const { return child_.pid; }
  void Keep() { kept_ = true; }

 private:
  std::string socket_path_;
  base::Child child_;
  bool kept_ = false;
};

// What the bundle says of the shim it needs.
struct Place {
  std::string socket_path;
  bool of_sandbox = false;
};

// A bundle is that of a sandbox if it has no config.json (SBX-21), or one without a process, which
// every container's has. The text is not parsed for that: who has the word elsewhere is served as
// ever.
bool IsSandbox(const absl::StatusOr<std::string>& config) {
  return !config.ok() || !absl::StrContains(*config, "\"process\"");
}

absl::StatusOr<Place> FindPlace(const Options& options, const containerd::StartInput& input) {
  const absl::StatusOr<std::string> config = oci::ReadConfig(".");
  if (!config.ok() && !absl::IsNotFound(config.status())) return config.status();
  oci::StringMap annotations;
  if (config.ok()) {
    absl::StatusOr<oci::StringMap> parsed = oci::ParseAnnotations(*config);
    if (!parsed.ok()) return base::Annotate(parsed.status(), oci::kConfigFile);
    annotations = *std::move(parsed);
  }
  Place place;
  place.of_sandbox = IsSandbox(config);
  ASSIGN_OR_RETURN(place.socket_path,
                   containerd::SocketPath({.grpc_address = options.address,
                                           .name_space = options.namespace_name,
                                           .group = containerd::GroupKey(annotations, options.id)},
                                          input.socket_dir));
  return place;
}

// containerd 1.6 and 1.7 find the shim again by this file (FILE-01); then the answer. For a task it
// is the bare address, which every containerd understands; one that makes sandboxes knows JSON, and
// asks the shim of version 3 for the containers in it without another `start` (SBX-30).
absl::Status Report(const Place& place) {
  const std::string address = containerd::FormatAddress(
      {.transport = containerd::Address::Transport::kUnix, .path = place.socket_path});
  RETURN_IF_ERROR(WriteFileAtomically("address", address, 0644));
  containerd::BootstrapResult result{.address = address};
  if (place.of_sandbox) {
    result.version = 3;
    result.dialect = containerd::Dialect::kJson;
  }
  ASSIGN_OR_RETURN(const std::string text, containerd::EncodeStartResult(result));
  return WriteStdout(text);
}

// What this process is when it has become the daemon, also to others (START-16).
Options DaemonOptions(const Options& options, const containerd::StartInput& input) {
  Options daemon = options;
  daemon.action.clear();
  daemon.debug = options.debug || input.log_level == base::LogLevel::kDebug;
  return daemon;
}

std::vector<std::string> Words(const Options& options, const std::string& program) {
  std::vector<std::string> words = {program,    "-namespace", options.namespace_name, "-id",
                                    options.id, "-address",   options.address};
  if (options.debug) words.push_back("-debug");
  return words;
}

absl::Status Start(const Options& options, absl::FunctionRef<int(const Options&)> serve) {
  RETURN_IF_ERROR(RequireIdentity(options));
  ASSIGN_OR_RETURN(const std::string stdin_bytes, ReadStdin(containerd::kStartInputBytesMax));
  const containerd::StartInput input =
      containerd::ParseStartInput(stdin_bytes, options.id, options.namespace_name);
  ASSIGN_OR_RETURN(const Place place, FindPlace(options, input));
  ASSIGN_OR_RETURN(const SocketClaim claim, ClaimSocket(place.socket_path));
  if (!claim.listener.ok()) return Report(place);  // START-17

  NewDaemon daemon(place.socket_path);
  RaiseOomScore();
  if (!input.ttrpc_address.empty()) {
    ::setenv("TTRPC_ADDRESS", input.ttrpc_address.c_str(), /*overwrite=*/1);
  }
  RETURN_IF_ERROR(
      daemon.Fork(claim.listener.get(), [&] { return serve(DaemonOptions(options, input)); }));
  if (input.options && !input.options->shim_cgroup().empty()) {
    RETURN_IF_ERROR(JoinCgroup(input.options->shim_cgroup(), daemon.pid()));
  }
  RETURN_IF_ERROR(Report(place));
  daemon.Keep();
  return absl::OkStatus();
}

}  // namespace

int StartCommand(const Options& options, int argc, char** argv, const BackendFactory& factory) {
  const std::string program = argv[0];
  const absl::Status status = Start(options, [&](const Options& daemon) {
    ShowCommandLine(argc, argv, Words(daemon, program));
    return ServeCommand(daemon, program.c_str(), factory);
  });
  if (status.ok()) {
#ifdef NDEBUG
    // Nothing is left to flush, and containerd waits for the end of this process: what destructors
    // of the libraries' globals touch would be mapped and copied only for that.
    ::_exit(0);
#endif
    return 0;
  }
  WriteStderr(absl::StrCat(program, ": ", status.message(), "\n"));
  return 1;
}

}  // namespace shim
