// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/verdict.h"

namespace conformance {

absl::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kCrash:
      return "crash";
    case Verdict::kHang:
      return "hang";
    case Verdict::kLeak:
      return "leak";
    case Verdict::kError:
      return "error";
    case Verdict::kSkip:
      return "skip";
    case Verdict::kNotRun:
      return "notrun";
  }
  return "error";
}

const std::vector<absl::string_view>& WhyCodes() {
  static const std::vector<absl::string_view> codes{
      why::kStartFailed,    why::kStartAccepted,  why::kStartOutput,     why::kProcessState,
      why::kReplyCode,      why::kReplyField,     why::kReplyMissing,    why::kReplyDelayed,
      why::kConnectionLost, why::kStateWrong,     why::kExitStatus,      why::kExitLost,
      why::kEventMissing,   why::kEventDuplicate, why::kEventUnexpected, why::kEventOrder,
      why::kEventField,     why::kOutputLost,     why::kOutputNoEof,     why::kInputLost,
      why::kFileContent,    why::kSocketState,    why::kNetworkState,    why::kLeftProcess,
      why::kLeftMount,      why::kLeftCgroup,     why::kLeftSocket,      why::kLeftFile,
      why::kLeftNetwork,    why::kLeftFd,         why::kZombie,          why::kShimCrashed,
      why::kLogFatal,       why::kInvariant,      why::kHarness,         why::kHost,
      why::kNotClaimed,     why::kInterrupted};
  return codes;
}

}  // namespace conformance
