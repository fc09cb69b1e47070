// SPDX-License-Identifier: Apache-2.0
// Contract §3 on the wire: frames and envelopes that no honest client sends, and more of the honest
// ones than any client does. Every check has a daemon of its own, which it may lose.
#include "conformance/checks/ttrpc_wire.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include "conformance/checks/areas.h"

namespace conformance {

ShimUnderTest& DisposableShim(CheckContext& check) {
  ShimUnderTest& shim = check.StartShim(check.MakeBundle(Program("pause")));
  check.ASSERT_THAT(shim.pid(), ::testing::Gt(0), {.requirement = "CONN-01"});
  return shim;
}

void ExpectServes(CheckContext& check, ShimUnderTest& shim, const std::string& after) {
  const absl::StatusOr<ConnectInfo> info = shim.Connect("no-such-task");
  check.ASSERT_THAT(info, IsOk(), {.text = absl::StrCat("other clients are served after ", after)});
  check.EXPECT_THAT(info->shim_pid, ::testing::Eq(static_cast<std::uint32_t>(shim.pid())),
                    {.text = absl::StrCat("by the same daemon, after ", after)});
}

std::size_t ResidentKib(CheckContext& check, pid_t pid) {
  const std::string status = check.World().ReadProc(pid, "status");
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    std::size_t kib = 0;
    if (absl::ConsumePrefix(&line, "VmRSS:") && absl::ConsumeSuffix(&line, "kB") &&
        absl::SimpleAtoi(line, &kib)) {
      return kib;
    }
  }
  return 0;
}

void AddTtrpcWireChecks(std::vector<Check>& checks) {
  AddTtrpcFrameChecks(checks);
  AddTtrpcEnvelopeChecks(checks);
  AddTtrpcLoadChecks(checks);
}

}  // namespace conformance
