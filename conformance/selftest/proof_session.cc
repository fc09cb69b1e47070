// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/proof_session.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <sys/utsname.h>

#include <filesystem>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/output.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/proof_file.h"

namespace conformance {
namespace {

absl::Status Write(const Proof& proof, const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Open(path, Output::Mode::kWhole));
  output->Write(FormatProof(proof));
  output->Finish();
  return output->status();
}

}  // namespace

absl::StatusOr<ProofSession> ProofSession::Begin(const std::string& command,
                                                 const std::string& shim, std::size_t total) {
  ASSIGN_OR_RETURN(std::unique_ptr<SelftestConsole> console, SelftestConsole::Open(total));
  ProofSession session(std::move(console));
  Proof& proof = session.proof_;
  proof.command = command;
  proof.suite_version = SHIMGAUGE_VERSION;
  if (!shim.empty()) {
    proof.shim = std::filesystem::path(shim).filename().string();
    proof.shim_sha256 = HashOf(shim);
  }
  struct utsname name {};
  if (::uname(&name) == 0) proof.kernel = absl::StrCat("linux ", name.release);
  proof.started = absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", absl::Now(), absl::UTCTimeZone());
  return session;
}

absl::StatusOr<int> ProofSession::End(const absl::Status& ran, const std::string& result,
                                      std::string (*summary)(const Proof&), int code) {
  if (!ran.ok() && !absl::IsCancelled(ran)) return ran;
  proof_.complete = ran.ok();
  proof_.ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                  std::chrono::steady_clock::now() - began_)
                  .count();
  console_->Print(summary(proof_));
  RETURN_IF_ERROR(Write(proof_, result));
  RETURN_IF_ERROR(console_->status());
  return ran.ok() ? code : kExitInterrupted;
}

int ExitCodeOf(const absl::StatusOr<int>& code) {
  if (code.ok()) return *code;
  return absl::IsCancelled(code.status()) ? kExitInterrupted : Complain(code.status());
}

}  // namespace conformance
