// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/hints.h"

#include <array>
#include <utility>

#include "conformance/harness/verdict.h"

namespace conformance {
namespace {

using Hint = std::pair<const char*, const char*>;

constexpr std::array<Hint, 23> kHints = {{
    {why::kStartFailed,
     "run it by hand in an empty bundle: SHIM -namespace n -id i -address /none start; stdout must "
     "hold the address and nothing else, and the exit code be 0"},
    {why::kStartOutput,
     "whatever logs to stdout before the address spoils it: log to the `log` FIFO"},
    {why::kReplyCode,
     "callers decide by the code alone; an error that is not mapped to a canonical code goes out "
     "as "
     "UNKNOWN"},
    {why::kReplyMissing, "the block `hang` shows the pending calls, and where the shim waits"},
    {why::kReplyDelayed, "something slow holds a lock or the loop that this call needs as well"},
    {why::kConnectionLost, "a bad request ends one call, never the connection of all the others"},
    {why::kExitStatus, "a process that died of signal N is reported as 128 + N, with its own time"},
    {why::kExitLost,
     "register for the exit before the process can end, and reap every child of a SIGCHLD"},
    {why::kEventMissing,
     "an event is owed once the thing has happened, also if its caller is gone; send the queue "
     "before ending"},
    {why::kEventDuplicate, "two paths report the same end: the reaper and whoever waited"},
    {why::kEventOrder,
     "the reaper can see the end of a process before Start has published its beginning"},
    {why::kEventUnexpected, "the event is sent before it is known whether the call succeeds"},
    {why::kOutputLost,
     "after the exit the pipe still holds output: copy to its end before closing the FIFO"},
    {why::kOutputNoEof,
     "somebody still holds the write end: the shim itself, or a child that inherited it"},
    {why::kInputLost,
     "stdin may come in pieces and end late: close the process' end only after EOF"},
    {why::kNetworkState,
     "the guest learns of its network from the agent's calls: interfaces, neighbours, then routes, "
     "before its first container"},
    {why::kLeftNetwork,
     "remove taps and filters before the shim ends, and again in `delete`, which may find any "
     "state"},
    {why::kLeftSocket, "`delete` removes the socket as well: the daemon that made it may be dead"},
    {why::kLeftProcess, "kill the whole cgroup, not only the init, and wait for it"},
    {why::kLeftMount,
     "unmount before answering Delete, and again in `delete`, which may find any state"},
    {why::kLeftCgroup,
     "the engine's `delete --force` removes it, unless a process is still in there"},
    {why::kZombie, "as a subreaper the shim has to wait for every child, also for strangers"},
    {why::kShimCrashed,
     "the end of its log has its last words; containerd would report the tasks as gone"},
}};

}  // namespace

absl::string_view HintFor(absl::string_view why_code) {
  for (const auto& [code, hint] : kHints) {
    if (code == why_code) return hint;
  }
  return "";
}

}  // namespace conformance
