// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/wasm_program.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <climits>
#include <utility>

#include "base/status_macros.h"
#include "container/root_path.h"
#include "reference-shim/stage/guest_signals.h"
#include "reference-shim/stage/guest_view.h"

namespace stage {
namespace {

// What is said at the end must not wait for anybody.
void SayOnStderr(absl::string_view text) {
  pollfd ready{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return;
  const std::string line = absl::StrCat(text.substr(0, PIPE_BUF - 1), "\n");
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

[[noreturn]] void EndTrapped(const GuestEnd& end, const container::SyncSocket& report) {
  const std::string text = absl::StrCat("wasm trap: ", end.text);
  (void)report.TrySend(container::SyncKind::kEnded, text);
  SayOnStderr(text);
  ::_exit(kTrapExitCode);
}

// For ps: the module's name.
void NameProcess(absl::string_view path) {
  path = path.substr(0, path.find('#'));
  path.remove_prefix(path.rfind('/') + 1);
  ::prctl(PR_SET_NAME, std::string(path).c_str(), 0, 0, 0);
}

}  // namespace

WasmProgram::WasmProgram(std::unique_ptr<WasmGuest> guest, const StagePlan& plan, oci::Spec& spec,
                         const oci::Process& process, container::SyncSocket report)
    : guest_(std::move(guest)),
      plan_(plan),
      spec_(spec),
      process_(process),
      report_(std::move(report)) {}

absl::Status WasmProgram::Open(const base::UniqueFd& root) {
  if (HidesProcesses()) RETURN_IF_ERROR(HideProcessFileSystems(root));
  ASSIGN_OR_RETURN(const std::vector<GuestDirectory> directories,
                   OpenGuestDirectories(root, spec_));
  GuestWorld world{.args = process_.args,
                   .env = process_.env,
                   .preopens = {},
                   .memory_bytes_max = plan_.memory_bytes_max,
                   .fuel = plan_.fuel};
  for (const GuestDirectory& directory : directories) {
    world.preopens.push_back({.host_path = container::ProcPath(directory.fd),
                              .guest_path = directory.guest_path,
                              .writable = directory.writable});
  }
  return guest_->Open(world);
}

// A later process finds them hidden. For hooks that run inside the shim does it after them.
bool WasmProgram::HidesProcesses() const {
  return plan_.process_json.empty() && spec_.hooks.start_container.empty();
}

absl::Status WasmProgram::HideProcessFileSystems(const base::UniqueFd& root) {
  ASSIGN_OR_RETURN(const std::vector<std::string> found, FindProcessFileSystems(root));
  oci::Strings& masked = spec_.linux.masked_paths;
  masked.insert(masked.end(), found.begin(), found.end());
  return absl::OkStatus();
}

absl::Status WasmProgram::Prepare() { return guest_->Instantiate(); }

absl::Status WasmProgram::Become() {
  NameProcess(process_.args.front());
  RETURN_IF_ERROR(EndOnSignals());  // what came before may have changed some
  if (plan_.process_json.empty() && !HidesProcesses()) {
    RETURN_IF_ERROR(report_.Send(container::SyncKind::kHooked));
    RETURN_IF_ERROR(report_.Expect(container::SyncKind::kGo));
  }
  RETURN_IF_ERROR(EndAfter(plan_.run_ms_max, report_.fd().get()));
  // Without the shim the guest runs all the same.
  (void)report_.Send(container::SyncKind::kStarted);
  const GuestEnd end = guest_->Run();
  if (end.kind == GuestEnd::Kind::kTrapped) EndTrapped(end, report_);
  ::_exit(end.kind == GuestEnd::Kind::kExited ? end.code & 0xff : 0);
}

}  // namespace stage
