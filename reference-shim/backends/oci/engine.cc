// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/oci/bundle_file.h"
#include "reference-shim/backends/oci/engine_log.h"
#include "reference-shim/backends/oci/limits.h"

namespace backends {
namespace {

// A file in memory that the engine can fill up to a limit. A pipe would have to be drained while
// the engine runs, and its end of file would wait for whatever the engine leaves behind.
absl::StatusOr<base::UniqueFd> OpenOutput() {
  base::UniqueFd file(::memfd_create("engine-output", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.ok()) return base::ErrnoStatus(errno, "memfd_create");
  if (::ftruncate(file.get(), kEngineOutputBytesMax) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
    return base::ErrnoStatus(errno, "limit of the engine's output");
  }
  return file;
}

std::string Describe(const base::ExitStatus& status) {
  if (status.signal == 0) return absl::StrCat("exit status ", status.code);
  return absl::StrCat("killed by signal ", status.signal, " (", ::strsignal(status.signal), ")");
}

}  // namespace

EngineRun::EngineRun(const OciHost& host, const EngineSettings& settings,
                     const EngineCommand& command)
    : host_(host),
      log_file_(LogFile(settings)),
      verb_(command.verb),
      log_offset_(FileSize(log_file_)),
      deadline_(host.context.loop) {}

EngineRun::~EngineRun() {
  // A pid that is still watched is not reaped yet, so the group is certainly the engine's.
  if (exit_.active()) ::kill(-child_.pid, SIGKILL);
}

absl::Status EngineRun::Start(base::SpawnSpec spec, std::chrono::milliseconds timeout) {
  const bool collects = std::none_of(spec.fds.begin(), spec.fds.end(),
                                     [](const auto& mapping) { return mapping.target == 1; });
  if (collects) {
    ASSIGN_OR_RETURN(output_, OpenOutput());
    spec.fds.push_back({.source = output_.get(), .target = 1});
    spec.fds.push_back({.source = output_.get(), .target = 2});
  }
  ASSIGN_OR_RETURN(child_, base::Spawn(spec));
  exit_ = host_.context.reaper.OnExit(child_.pid,
                                      [this](const base::ExitStatus& status) { OnExit(status); });
  deadline_.Set(timeout, [this] {
    timed_out_ = true;
    ::kill(-child_.pid, SIGKILL);
  });
  return absl::OkStatus();
}

void EngineRun::OnExit(const base::ExitStatus& status) {
  deadline_.Clear();
  absl::StatusOr<std::string> result = Output();
  if (timed_out_) {
    result = Failure(absl::StatusCode::kDeadlineExceeded, "it hung and was killed");
  } else if (status.ShellStatus() != 0) {
    result = Failure(absl::StatusCode::kUnknown, Reason(status, *result));
  }
  // Nothing of this object after: it may be destroyed by whom it tells.
  std::exchange(done_, nullptr)(std::move(result));
}

std::string EngineRun::Output() const {
  if (!output_.ok()) return "";
  // The engine wrote through a copy of our descriptor: the position is shared.
  const off_t length = ::lseek(output_.get(), 0, SEEK_CUR);
  std::string text(length > 0 ? static_cast<std::size_t>(length) : 0, '\0');
  const ssize_t got = ::pread(output_.get(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::string EngineRun::Reason(const base::ExitStatus& status, absl::string_view output) const {
  std::string reason = LastLoggedError(ReadTail(log_file_, log_offset_, kEngineLogBytesMax));
  if (reason.empty()) {
    output = absl::StripAsciiWhitespace(output);
    reason = std::string(output.substr(output.size() - std::min(output.size(), kReasonBytesMax)));
  }
  if (reason.size() > kReasonBytesMax) reason.resize(kReasonBytesMax);
  if (status.signal == 0 && !reason.empty()) return reason;
  return absl::StrCat(Describe(status), reason.empty() ? "" : ": ", reason);
}

absl::Status EngineRun::Failure(absl::StatusCode code, absl::string_view reason) const {
  return absl::Status(code, absl::StrCat("OCI runtime ", verb_, " failed: ", reason));
}

absl::StatusOr<std::unique_ptr<EngineRun>> Engine::Run(const EngineCommand& command,
                                                       const EngineIo& io,
                                                       std::chrono::milliseconds timeout,
                                                       shim::Done<std::string>&& done) const {
  base::SpawnSpec spec{.path = settings_.binary,
                       .argv = CommandLine(settings_, command),
                       .env = host_.environment,
                       .cwd = settings_.bundle.empty() ? "/" : settings_.bundle,
                       .fds = {},
                       .parent_death_signal = SIGKILL};
  if (io.process != nullptr && !io.process->terminal) {
    spec.fds = {{.source = io.process->in.get(), .target = 0},
                {.source = io.process->out.get(), .target = 1},
                {.source = io.process->err.get(), .target = 2}};
  } else if (io.input >= 0) {
    spec.fds = {{.source = io.input, .target = 0}};
  }
  std::unique_ptr<EngineRun> run(new EngineRun(host_, settings_, command));
  const absl::Status status = run->Start(std::move(spec), timeout);
  if (!status.ok()) {
    return base::Annotate(status, absl::StrCat("cannot run engine \"", settings_.binary, "\""));
  }
  run->done_ = std::move(done);
  return run;
}

std::vector<std::string> EngineEnvironment() {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!absl::StartsWith(*variable, "NOTIFY_SOCKET=")) environment.emplace_back(*variable);
  }
  return environment;
}

}  // namespace backends
