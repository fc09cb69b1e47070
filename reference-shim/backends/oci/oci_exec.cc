// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/oci_exec.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/exec_files.h"
#include "reference-shim/shim/small_file.h"

namespace backends {
namespace {

constexpr unsigned kProcessFileMode = 0600;  // its environment may hold secrets

}  // namespace

OciExec::OciExec(OciHost& host, const Engine& engine, std::string container_id, shim::ExecSpec spec)
    : host_(host),
      engine_(engine),
      container_id_(std::move(container_id)),
      spec_(std::move(spec)),
      file_stem_(ExecFileStem(engine.settings().bundle, spec_.exec_id)),
      process_file_(absl::StrCat(file_stem_, ".process.json")),
      pid_file_(absl::StrCat(file_stem_, ".pid")),
      process_(host) {}

OciExec::~OciExec() {
  (void)process_.Signal(SIGKILL);
  ::unlink(process_file_.c_str());
  ::unlink(pid_file_.c_str());
}

void OciExec::Start(shim::Done<pid_t> done) {
  done_ = std::move(done);
  const absl::Status written =
      shim::WriteFileAtomically(process_file_, spec_.process_json, kProcessFileMode);
  if (!written.ok()) return std::exchange(done_, nullptr)(written);
  launch_ = std::make_unique<Launch>(host_, engine_);
  launch_->Run(
      {.command = {.verb = "exec",
                   .flags = {"--process", process_file_, "--detach"},
                   .arguments = {container_id_}},
       .pid_file = pid_file_,
       .console_name = absl::StrCat(file_stem_.substr(file_stem_.rfind('/') + 1), ".console"),
       .io = std::move(spec_.io)},
      [this](const absl::Status& status) { OnLaunched(status); });
}

void OciExec::OnLaunched(const absl::Status& status) {
  ::unlink(process_file_.c_str());  // LEAK-05
  absl::StatusOr<pid_t> pid = status.ok() ? process_.Adopt(pid_file_, std::move(spec_.on_exit))
                                          : absl::StatusOr<pid_t>(status);
  launch_.reset();
  std::exchange(done_, nullptr)(std::move(pid));  // may destroy this
}

void OciExec::Signal(int signo, shim::Done<> done) { done(process_.Signal(signo)); }

}  // namespace backends
