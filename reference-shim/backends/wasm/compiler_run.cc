// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/compiler_run.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "reference-shim/backends/wasm/limits.h"
#include "reference-shim/stage/compile_exit.h"

namespace backends {
namespace {

constexpr int kCodeFd = 3;

std::vector<std::string> CommandLine(const CompilerOrder& order) {
  return {order.program,
          "--output-fd",
          absl::StrCat(kCodeFd),
          "--config",
          order.config,
          "--sha256",
          order.sha256,
          "--input-max",
          absl::StrCat(kModuleBytesMax),
          "--output-max",
          absl::StrCat(kArtefactBytesMax),
          "--memory-max",
          absl::StrCat(kCompileMemoryBytesMax),
          "--cpu-max",
          absl::StrCat(kCompileCpuSecondsMax)};
}

absl::Status Failure(absl::StatusCode code, absl::string_view words) {
  return absl::Status(code, absl::StrCat("compiling the module: ", words));
}

}  // namespace

absl::StatusOr<std::unique_ptr<CompilerRun>> CompilerRun::Start(const shim::BackendContext& context,
                                                                const CompilerOrder& order,
                                                                shim::Done<base::UniqueFd>&& done) {
  std::unique_ptr<CompilerRun> run(new CompilerRun(context));
  run->code_.reset(::memfd_create("wasm-code", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!run->code_.ok()) return base::ErrnoStatus(errno, "memfd_create");
  if (::lseek(order.module, 0, SEEK_SET) != 0) return base::ErrnoStatus(errno, "lseek");
  // Non-blocking at both ends: what nobody reads in time is lost, and the compiler goes on.
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return base::ErrnoStatus(errno, "pipe2");
  run->words_.reset(ends[0]);
  const base::UniqueFd said(ends[1]);
  auto child = base::Spawn({.path = order.program,
                            .argv = CommandLine(order),
                            .env = std::vector<std::string>(),
                            .cwd = "/",
                            .fds = {{.source = order.module, .target = STDIN_FILENO},
                                    {.source = said.get(), .target = STDERR_FILENO},
                                    {.source = run->code_.get(), .target = kCodeFd}},
                            .parent_death_signal = SIGKILL});
  if (!child.ok()) {
    return base::Annotate(child.status(), absl::StrCat("cannot run \"", order.program, "\""));
  }
  run->child_ = *std::move(child);
  run->done_ = std::move(done);
  CompilerRun* const self = run.get();
  run->exit_ = context.reaper.OnExit(
      run->child_.pid, [self](const base::ExitStatus& status) { self->OnExit(status); });
  run->deadline_.Set(kCompileTimeout, [self] {
    self->timed_out_ = true;
    ::kill(-self->child_.pid, SIGKILL);
  });
  return run;
}

CompilerRun::~CompilerRun() {
  // A pid that is still watched is not reaped yet, so the group is certainly the compiler's.
  if (exit_.active()) ::kill(-child_.pid, SIGKILL);
}

void CompilerRun::OnExit(const base::ExitStatus& status) {
  deadline_.Clear();
  ::kill(-child_.pid, SIGKILL);  // whatever else it has started; the pid is not reaped yet
  absl::Status outcome = Outcome(status);
  if (outcome.ok() &&
      ::fcntl(code_.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
    // Something of the compiler's lives on and may still write.
    outcome = base::ErrnoStatus(errno, "sealing the native code");
  }
  // Nothing of this object after: it may be destroyed by whom it tells.
  auto done = std::exchange(done_, nullptr);
  if (outcome.ok()) {
    done(std::move(code_));
  } else {
    done(outcome);
  }
}

absl::Status CompilerRun::Outcome(const base::ExitStatus& status) const {
  const std::string words = Words();
  if (timed_out_) {
    return Failure(absl::StatusCode::kDeadlineExceeded,
                   absl::StrCat("not done within ", kCompileTimeout.count() / 1000, " s"));
  }
  if (status.signal == SIGXCPU || status.signal == SIGKILL) {
    return Failure(absl::StatusCode::kResourceExhausted,
                   absl::StrCat("the compiler was killed (", ::strsignal(status.signal),
                                "): out of CPU time or memory"));
  }
  if (status.signal != 0) {
    // Rust's allocator ends the process.
    const bool memory = absl::StrContains(words, "memory allocation of");
    return Failure(
        memory ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kInternal,
        absl::StrCat("the compiler was ended by ", ::strsignal(status.signal), ": ", words));
  }
  switch (status.code) {
    case stage::kCompiled:
      return absl::OkStatus();
    case stage::kModuleUnsound:
      return Failure(absl::StatusCode::kInvalidArgument, words);
    case stage::kModuleTooLarge:
      return Failure(absl::StatusCode::kResourceExhausted, words);
    case stage::kModuleUnexpected:
      return Failure(absl::StatusCode::kAborted, words);
    default:
      return Failure(absl::StatusCode::kInternal,
                     absl::StrCat("exit status ", status.code, ": ", words));
  }
}

std::string CompilerRun::Words() const {
  std::string text(kCompilerOutputBytesMax, '\0');
  const ssize_t got = ::read(words_.get(), text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  absl::string_view words = absl::StripAsciiWhitespace(text);
  absl::ConsumePrefix(&words, "shimgauge-wasm-compile: ");
  return words.empty() ? "it said nothing" : std::string(words);
}

}  // namespace backends
