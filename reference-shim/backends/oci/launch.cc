// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/launch.h"

#include <unistd.h>

#include <utility>

#include "reference-shim/backends/oci/limits.h"

namespace backends {

Launch::Launch(OciHost& host, const Engine& engine) : host_(host), engine_(engine) {}

void Launch::Run(LaunchSpec spec, shim::Done<> done) {
  state_ = State::kEngine;
  done_ = std::move(done);
  ticket_ = host_.orphans.Open();
  on_console_ = std::move(spec.io.on_console);
  // An old one must not be taken for the new process.
  ::unlink(spec.pid_file.c_str());
  spec.command.flags.insert(spec.command.flags.end(), {"--pid-file", spec.pid_file});
  if (spec.io.terminal) {
    auto console =
        ConsoleSocket::Listen(host_.context.loop, engine_.settings().bundle, spec.console_name);
    if (!console.ok()) return Finish(console.status());
    console_ = *std::move(console);
    spec.command.flags.insert(spec.command.flags.end(), {"--console-socket", console_->address()});
  }
  auto run = engine_.Run(spec.command, {.process = &spec.io}, kLaunchTimeout,
                         [this](const absl::StatusOr<std::string>& result) { OnEngine(result); });
  if (!run.ok()) return Finish(run.status());
  run_ = *std::move(run);
  // Our copies of the stdio go with `spec`: only the process holds them from here on (IO-03).
}

void Launch::OnEngine(const absl::StatusOr<std::string>& result) {
  if (!result.ok() || console_ == nullptr) return Finish(result.status());
  state_ = State::kConsole;
  console_->Receive(
      [this](absl::StatusOr<base::UniqueFd> console) { OnConsole(std::move(console)); });
}

void Launch::OnConsole(absl::StatusOr<base::UniqueFd> console) {
  if (console.ok()) on_console_(*std::move(console));
  Finish(console.status());
}

void Launch::Finish(const absl::Status& status) {
  state_ = State::kFinished;
  std::exchange(done_, nullptr)(status);  // may destroy this
}

}  // namespace backends
