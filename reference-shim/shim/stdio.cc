// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/stdio.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/shim/limits.h"
#include "reference-shim/shim/stdio_files.h"
#include "reference-shim/shim/stdio_uri.h"

namespace shim {

Stdio::Stdio(boost::asio::io_context& loop, base::ChildReaper& reaper)
    : loop_(loop), reaper_(reaper), drain_limit_(loop) {}

void Stdio::Open(const StdioSpec& spec, Done<> done) {
  io_.terminal = spec.names.terminal;
  size_ = spec.size;
  absl::Status status = OpenInput(spec);
  if (status.ok()) status = OpenOutputs(spec);
  if (status.ok()) status = ChangeOwner(spec);
  if (!status.ok() || logger_ == nullptr) return done(std::move(status));
  // Parsed before, in OpenOutputs.
  const LoggerSpec logger{.uri = ParseStdioUri(spec.names.out).value(),
                          .id = spec.id,
                          .namespace_name = spec.namespace_name};
  logger_->Start(logger, readers_[0].get(), readers_[1].get(), std::move(done));
}

absl::Status Stdio::OpenInput(const StdioSpec& spec) {
  ASSIGN_OR_RETURN(const StdioUri uri, ParseStdioUri(spec.names.in));
  if (uri.scheme == StdioUri::Scheme::kNone) {
    if (spec.names.terminal) return absl::OkStatus();
    ASSIGN_OR_RETURN(StdioEnd null, OpenNull());
    io_.in = std::move(null.used);
    return absl::OkStatus();
  }
  if (uri.scheme != StdioUri::Scheme::kPath) {
    return absl::InvalidArgumentError(absl::StrCat("stdin ", spec.names.in, ": not a FIFO"));
  }
  ASSIGN_OR_RETURN(StdioEnd end, OpenInputPath(uri.path, spec.names.terminal));
  (spec.names.terminal ? relay_input_ : io_.in) = std::move(end.used);
  if (spec.hold_input) input_keeper_ = std::move(end.kept);
  return absl::OkStatus();
}

absl::Status Stdio::OpenOutputs(const StdioSpec& spec) {
  ASSIGN_OR_RETURN(const StdioUri out, ParseStdioUri(spec.names.out));
  if (out.is_logger()) return OpenLoggerPipes(spec.names.terminal);
  if (spec.names.terminal) return OpenTerminalOutput(out);
  RETURN_IF_ERROR(OpenStream(out, io_.out));
  // A log file takes both streams, whatever stderr says (IO-20).
  if (out.scheme == StdioUri::Scheme::kFile) {
    ASSIGN_OR_RETURN(io_.err, Duplicate(io_.out));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const StdioUri err, ParseStdioUri(spec.names.err));
  if (err.is_logger()) {
    return absl::InvalidArgumentError("a logger for stderr has to be named as stdout");
  }
  return OpenStream(err, io_.err);
}

absl::Status Stdio::OpenStream(const StdioUri& uri, base::UniqueFd& used) {
  absl::StatusOr<StdioEnd> end = OpenNull();
  if (uri.scheme == StdioUri::Scheme::kPath) end = OpenOutputPath(uri.path, false);
  if (uri.scheme == StdioUri::Scheme::kFile) end = OpenLogFile(uri.path);
  RETURN_IF_ERROR(end.status());
  used = std::move(end->used);
  if (end->kept.ok()) readers_.push_back(std::move(end->kept));
  return absl::OkStatus();
}

// stderr is merged by the terminal, its name is not even looked at (IO-40).
absl::Status Stdio::OpenTerminalOutput(const StdioUri& out) {
  if (out.scheme == StdioUri::Scheme::kNone) {
    return absl::InvalidArgumentError("a terminal needs a stdout");
  }
  ASSIGN_OR_RETURN(StdioEnd end, out.scheme == StdioUri::Scheme::kFile
                                     ? OpenLogFile(out.path)
                                     : OpenOutputPath(out.path, /*nonblocking=*/true));
  relay_output_ = std::move(end.used);
  if (end.kept.ok()) readers_.push_back(std::move(end.kept));
  return absl::OkStatus();
}

absl::Status Stdio::OpenLoggerPipes(bool terminal) {
  ASSIGN_OR_RETURN(StdioEnd out, OpenOutputPipe(/*nonblocking=*/terminal));
  ASSIGN_OR_RETURN(StdioEnd err, OpenOutputPipe(/*nonblocking=*/false));
  readers_.push_back(std::move(out.kept));
  readers_.push_back(std::move(err.kept));
  if (terminal) {
    relay_output_ = std::move(out.used);
  } else {
    io_.out = std::move(out.used);
    io_.err = std::move(err.used);
  }
  logger_ = std::make_unique<Logger>(loop_, reaper_);
  return absl::OkStatus();
}

// CREATE-18. Files and devices stay whose they are.
absl::Status Stdio::ChangeOwner(const StdioSpec& spec) {
  if (spec.io_uid == 0 && spec.io_gid == 0) return absl::OkStatus();
  for (const base::UniqueFd* fd : {&io_.in, &io_.out, &io_.err}) {
    struct stat info {};
    if (!fd->ok() || ::fstat(fd->get(), &info) != 0 || !S_ISFIFO(info.st_mode)) continue;
    if (::fchown(fd->get(), spec.io_uid, spec.io_gid) != 0) {
      return base::ErrnoStatus(errno, "give stdio to io_uid, io_gid");
    }
  }
  return absl::OkStatus();
}

ProcessIo Stdio::TakeProcessIo() {
  ProcessIo io = std::move(io_);
  if (io.terminal) {
    io.size = size_;
    io.on_console = guard_.Wrap([this](base::UniqueFd console) { StartRelay(std::move(console)); });
  }
  return io;
}

void Stdio::StartRelay(base::UniqueFd console) {
  // A blocking master would stop the shim; a descriptor that refuses is no console.
  if (!SetNonblocking(console, true).ok()) return;
  relay_ = std::make_unique<StdioRelay>(loop_, std::move(console), std::move(relay_input_),
                                        std::move(relay_output_), [this] {
                                          if (drained_) DrainLogger();
                                        });
  if (size_) relay_->Resize(*size_).IgnoreError();
}

std::optional<absl::Status> Stdio::Resize(WindowSize size) {
  if (relay_ == nullptr) return std::nullopt;
  return relay_->Resize(size);
}

void Stdio::Drain(absl::AnyInvocable<void()> done) {
  drained_ = std::move(done);
  CloseInput();
  relay_output_.reset();
  drain_limit_.Set(kDrainTimeout, [this] { FinishDrain(); });
  if (relay_ == nullptr || relay_->finished()) DrainLogger();
}

void Stdio::DrainLogger() {
  if (logger_ == nullptr) return FinishDrain();
  logger_->Stop([this] { FinishDrain(); });
}

void Stdio::FinishDrain() {
  drain_limit_.Clear();
  guard_.Reset();
  relay_.reset();
  logger_.reset();
  readers_.clear();
  relay_input_.reset();
  io_ = ProcessIo();
  if (drained_) std::exchange(drained_, nullptr)();
}

}  // namespace shim
