// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/proof_clock.h"

#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <sys/utsname.h>

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "conformance/reports/output.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/proof_file.h"

namespace conformance {

Proof BeginProof(const std::string& command, const std::string& shim) {
  Proof proof;
  proof.command = command;
  proof.suite_version = SHIMGAUGE_VERSION;
  if (!shim.empty()) {
    proof.shim = std::filesystem::path(shim).filename().string();
    proof.shim_sha256 = HashOf(shim);
  }
  struct utsname name {};
  if (::uname(&name) == 0) proof.kernel = absl::StrCat("linux ", name.release);
  proof.started = absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", absl::Now(), absl::UTCTimeZone());
  return proof;
}

absl::Status WriteProof(const Proof& proof, const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Open(path, Output::Mode::kWhole));
  output->Write(FormatProof(proof));
  output->Finish();
  return output->status();
}

}  // namespace conformance
