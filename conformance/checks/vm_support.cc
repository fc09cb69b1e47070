// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/vm_support.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "conformance/checks/delete_recovery.h"
#include "conformance/harness/check_profile.h"
#include "conformance/harness/mount_table.h"
#include "conformance/harness/vm_fault_directory.h"
#include "fakes/fault/vm_faults.h"
#include "ttrpc/client.h"

namespace conformance {
namespace {

namespace fs = std::filesystem;

using fakes::FaultSeam;
using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Ne;

// What the kernel shows of a program's name.
constexpr std::size_t kCommandBytes = 15;
// A process that was killed, and files that go after an answer.
constexpr std::chrono::seconds kSoonGone{5};

absl::string_view Side(FaultSeam seam) {
  return seam == FaultSeam::kAgent ? "the guest's agent" : "the hypervisor";
}

// Whether these are words for virtiofsd, old or new.
bool SharesFiles(const ProcessInfo& process) {
  return std::any_of(process.argv.begin(), process.argv.end(), [](const std::string& word) {
    return word == "--shared-dir" || absl::StartsWith(word, "--shared-dir=") ||
           absl::StartsWith(word, "source=");
  });
}

fs::path ImageOf(pid_t pid) {
  std::error_code error;
  return fs::read_symlink(absl::StrCat("/proc/", pid, "/exe"), error);
}

}  // namespace

// --- faults --------------------------------------------------------------------------------------

VmFaults::VmFaults(CheckContext& check)
    : check_(check),
      hypervisor_(kVmFaults, FaultSeam::kHypervisor),
      agent_(absl::StrCat(kVmFaults, "/agent"), FaultSeam::kAgent) {
  check.Require(MakeVmFaultDirectories(), {.code = why::kHarness});
}

VmFaults::Planned VmFaults::Add(fakes::FaultFile& file, FaultSeam seam,
                                fakes::FaultRule rule) const {
  const fakes::FaultInfo* info = fakes::FindFault(seam, rule.fault);
  const std::string what =
      absl::StrCat(info == nullptr ? "fault" : info->name, " at ",
                   rule.verb.empty() ? "any call" : rule.verb, " of ", Side(seam));
  return {.seam = seam,
          .id = check_.Require(file.Add(std::move(rule)), {.code = why::kHarness}),
          .what = what};
}

VmFaults::Planned VmFaults::OfHypervisor(fakes::FaultRule rule) {
  return Add(hypervisor_, FaultSeam::kHypervisor, std::move(rule));
}

VmFaults::Planned VmFaults::OfAgent(fakes::FaultRule rule) {
  return Add(agent_, FaultSeam::kAgent, std::move(rule));
}

VmFaults::Planned VmFaults::OfCatalogue(const std::string& name) {
  const fakes::VmFault* fault = fakes::FindVmFault(name);
  check_.ASSERT_THAT(fault != nullptr && fault->rules.size() == 1, Eq(true),
                     {.text = "one rule in the catalogue: " + name, .code = why::kHarness});
  return OfHypervisor(fault->rules.front());
}

void VmFaults::Clear() {
  check_.Require(hypervisor_.Clear(), {.code = why::kHarness});
  check_.Require(agent_.Clear(), {.code = why::kHarness});
}

std::size_t VmFaults::Firings(const Planned& planned) const {
  const fakes::FaultFile& file = planned.seam == FaultSeam::kAgent ? agent_ : hypervisor_;
  return check_.Require(file.Journal(planned.id), {.code = why::kHarness}).size();
}

void VmFaults::ExpectFired(const Planned& planned) const {
  check_.ASSERT_THAT(Firings(planned), Ne(0u),
                     {.text = absl::StrCat("times that the fault fired: ", planned.what),
                      .code = why::kProcessState});
}

void VmFaults::RequireFired(const Planned& planned) const {
  if (Firings(planned) == 0) {
    check_.Skip(absl::StrCat("nothing was proven, the fault never fired: ", planned.what));
  }
}

void VmFaults::AwaitFired(const Planned& planned, const PendingReply& call,
                          const std::string& name) const {
  check_.ASSERT_THAT(check_.Eventually([&] { return Firings(planned) > 0 || call.done(); }),
                     Eq(true),
                     {.text = absl::StrCat(name, " gets to the fault: ", planned.what),
                      .code = why::kReplyMissing});
  RequireFired(planned);
}

void VmFaults::AwaitFired(const Planned& planned, std::chrono::milliseconds deadline) const {
  check_.Eventually([&] { return Firings(planned) > 0; }, deadline);
  RequireFired(planned);
}

// --- calls that reach the guest ------------------------------------------------------------------

const std::vector<GuestCall>& GuestCalls() {
  static const std::vector<GuestCall> calls = [] {
    const std::vector<GuestCall> words = {
        {"create", "CreateContainer", nullptr}, {"start", "StartContainer", nullptr},
        {"exec", "ExecProcess", nullptr},       {"kill", "SignalProcess", nullptr},
        {"delete", "RemoveContainer", nullptr}, {"pause", "PauseContainer", nullptr},
        {"resume", "ResumeContainer", nullptr}, {"update", "UpdateContainer", nullptr},
    };
    std::vector<GuestCall> found;
    for (const EngineCall& call : EngineCalls()) {
      for (GuestCall word : words) {
        if (absl::string_view(word.word) != call.verb) continue;
        word.is = &call;
        found.push_back(word);
      }
    }
    return found;
  }();
  return calls;
}

// --- the hypervisor ------------------------------------------------------------------------------

std::vector<ProcessInfo> Hypervisors(CheckContext& check) {
  const fs::path program = ProfileOf(check).hypervisor;
  const std::string name = program.filename().string().substr(0, kCommandBytes);
  std::vector<ProcessInfo> found;
  for (const ProcessInfo& process : check.World().All()) {
    if (process.name == name && process.state != 'Z' && ImageOf(process.pid) == program &&
        !SharesFiles(process)) {
      found.push_back(process);
    }
  }
  const auto forked = [&found](const ProcessInfo& process) {
    return std::any_of(found.begin(), found.end(), [&process](const ProcessInfo& other) {
      return other.pid == process.parent;
    });
  };
  std::vector<ProcessInfo> first;
  std::copy_if(found.begin(), found.end(), std::back_inserter(first),
               [&](const ProcessInfo& process) { return !forked(process); });
  return first;
}

std::vector<ProcessInfo> FileDaemons(CheckContext& check) {
  std::vector<ProcessInfo> found;
  for (const ProcessInfo& process : check.World().All()) {
    if (process.state == 'Z' || !SharesFiles(process)) continue;
    if (process.name == "virtiofsd" || ImageOf(process.pid) == ProfileOf(check).hypervisor) {
      found.push_back(process);
    }
  }
  return found;
}

absl::Status ControlHypervisor(CheckContext& check, pid_t hypervisor, const std::string& command) {
  const absl::StatusOr<base::UniqueFd> socket =
      ttrpc::ConnectUnix(absl::StrCat(kVmFaults, "/control.", hypervisor));
  if (!socket.ok()) return socket.status();
  const std::string line = absl::StrCat(command, "\n");
  if (::send(socket->get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) {
    return base::ErrnoStatus(errno, command);
  }
  std::string answer;
  check.Eventually([&] {
    char bytes[256];
    const ssize_t got = ::recv(socket->get(), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got > 0) answer.append(bytes, static_cast<std::size_t>(got));
    return got == 0 || absl::EndsWith(answer, "\n");
  });
  if (absl::StartsWith(answer, "ok")) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(command, ": ", answer));
}

pid_t TheHypervisor(CheckContext& check) {
  const std::vector<ProcessInfo> all = Hypervisors(check);
  check.ASSERT_THAT(all.size(), Eq(1u),
                    {.text = "hypervisors that run", .code = why::kProcessState});
  return all.front().pid;
}

void KillHypervisor(CheckContext& check) {
  const pid_t pid = TheHypervisor(check);
  check.ASSERT_THAT(::kill(pid, SIGKILL), Eq(0), {.code = why::kHarness});
  const auto gone = [&] {
    const std::optional<ProcessInfo> process = check.World().Find(pid);
    return !process || process->state == 'Z';
  };
  check.ASSERT_THAT(check.Eventually(gone), Eq(true),
                    {.text = "SIGKILL ends the hypervisor", .code = why::kHarness});
}

void KillShimAndHypervisor(CheckContext& check, ShimUnderTest& shim) {
  const pid_t machine = TheHypervisor(check);
  KillShim(check, shim);
  (void)::kill(machine, SIGKILL);
  ExpectNoHypervisor(check, "after SIGKILL to shim and hypervisor");
}

void ExpectNoHypervisor(CheckContext& check, const std::string& when, const char* requirement) {
  check.EXPECT_THAT(check.Eventually([&] { return Hypervisors(check).empty(); }, kSoonGone),
                    Eq(true),
                    {.text = absl::StrCat("no hypervisor runs ", when),
                     .code = why::kLeftProcess,
                     .requirement = requirement});
}

// --- ends ----------------------------------------------------------------------------------------

::testing::Matcher<const ExitInfo&> EndedWithItsMachine() {
  return ::testing::Field("exit_status", &ExitInfo::exit_status,
                          AnyOf(Eq(255u), Eq(128u + SIGKILL)));
}

void ExpectReleased(CheckContext& check, PendingReply& wait, const std::string& whose,
                    std::chrono::milliseconds deadline) {
  const bool released = check.Eventually([&wait] { return wait.done(); }, deadline);
  check.EXPECT_THAT(
      released, Eq(true),
      {.text = absl::StrCat("Wait for ", whose, " is answered within ", deadline.count(), " ms"),
       .code = why::kReplyMissing});
  if (!released) return;
  check.EXPECT_THAT(AsExit(wait.Get()), IsOkAndHolds(EndedWithItsMachine()),
                    {.text = absl::StrCat("Wait for ", whose)});
}

absl::Status ExpectCreateFails(CheckContext& check, PendingReply& create, const std::string& what) {
  const std::chrono::milliseconds limit = ProfileOf(check).rpc_limit;
  check.ASSERT_THAT(
      check.Eventually([&create] { return create.done(); }, limit), Eq(true),
      {.text = absl::StrCat("Create with ", what, " ends within ", limit.count(), " ms"),
       .code = why::kReplyMissing});
  const absl::Status status = create.Get().status();
  check.ASSERT_THAT(status, IsError(), {.text = "Create with " + what});
  return status;
}

// --- what a shim leaves --------------------------------------------------------------------------

std::vector<std::string> LeftOver(const std::set<std::string>& before,
                                  const std::set<std::string>& now,
                                  const std::vector<std::string>& ids) {
  std::vector<std::string> more;
  std::set_difference(now.begin(), now.end(), before.begin(), before.end(),
                      std::back_inserter(more));
  const auto is_shared = [&ids](const std::string& path) {
    return absl::EndsWith(path, "/") && std::none_of(ids.begin(), ids.end(), [&](const auto& id) {
             return absl::StrContains(path, id);
           });
  };
  more.erase(std::remove_if(more.begin(), more.end(), is_shared), more.end());
  return more;
}

std::set<std::string> RunFiles::List() {
  constexpr char kHarness[] = "/run/shimgauge";
  std::set<std::string> found;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator("/run", error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const std::string path = entry->path().string();
    if (path == kHarness || absl::StartsWith(path, "/run/containerd/")) {
      entry.disable_recursion_pending();
      continue;
    }
    const bool is_directory = entry->symlink_status(error).type() == fs::file_type::directory;
    found.insert(is_directory ? path + "/" : path);
    error.clear();  // it has gone meanwhile
  }
  const absl::StatusOr<std::vector<MountEntry>> mounts = ReadMountTable();
  if (!mounts.ok()) return found;
  for (const MountEntry& mount : *mounts) {
    found.insert(absl::StrCat("mount of ", mount.fs_type, " on ", mount.mount_point));
  }
  return found;
}

void RunFiles::ExpectAsBefore(const std::string& when, const char* requirement) const {
  std::vector<std::string> more;
  check_.Eventually(
      [&] {
        more = LeftOver(before_, List(), ids_);
        return more.empty();
      },
      kSoonGone);
  check_.EXPECT_THAT(more, IsEmpty(),
                     {.text = absl::StrCat("files and mounts that were not there before, ", when),
                      .code = why::kLeftFile,
                      .requirement = requirement});
}

}  // namespace conformance
