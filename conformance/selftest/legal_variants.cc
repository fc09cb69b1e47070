// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/legal_variants.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "conformance/harness/host.h"
#include "conformance/selftest/cpu_quota.h"
#include "conformance/selftest/programs.h"

namespace conformance {
namespace {

namespace fs = std::filesystem;

constexpr char kLongName[] =
    "a-directory-with-a-name-that-is-about-as-long-as-file-systems-let-names-be-so-that-no-"
    "buffer-for-paths-in-the-shim-or-in-the-judge-has-been-made-too-small-by-somebody-who-never-"
    "had-such-a-long-one";

// Checks at a time where they wait most of their time.
constexpr int kWaiting = 12;

// A shim that shares no daemon: a claim less, not a program of its own.
constexpr char kNoGrouping[] = R"(schema = 1
[engine]
kind = "oci"
binary = "runc"
[claims]
exec = true
pause = true
terminal = true
update = true
stats = true
file-uri = true
binary-uri = true
oci-engine = true
namespaces = true
oom-events = true
rootfs-mounts = true
info = true
hooks = true
)";

std::vector<LegalVariant> NativeVariants() {
  return {
      // What a shim may say, and when.
      {.name = "slow-replies",
       .what = "every reply comes 25 ms late",
       .wire_rules = {"reply * delay 25"},
       .idle = true,
       .jobs = kWaiting,
       .deadline_scale = 2},
      {.name = "slow-events",
       .what = "every event comes 100 ms late, in order, a hundred of them within ten seconds",
       .wire_rules = {"event * delay 100"},
       .idle = true,
       .jobs = kWaiting,
       .deadline_scale = 4},
      {.name = "events-before-replies",
       .what = "an eager publisher: events of a call come before its reply",
       .wire_rules = {"reply Create delay 80", "reply Start delay 80", "reply Exec delay 80",
                      "reply Pause delay 80", "reply Resume delay 80", "reply Delete delay 80"},
       .idle = true,
       .jobs = kWaiting,
       .deadline_scale = 2},
      {.name = "unknown-fields-in-replies",
       .what = "every reply has a field of a later version",
       .wire_rules = {"reply * unknown-field"}},
      {.name = "unknown-fields-in-events",
       .what = "every event has a field of a later version",
       .wire_rules = {"event * unknown-field"}},
      {.name = "unknown-topics",
       .what = "each task is told of by an event that nobody knows, too",
       .wire_rules = {"event /tasks/start emit /tasks/weather"}},
      {.name = "other-error-texts",
       .what = "errors have their codes, and other words around what they name",
       .wire_rules = {R"(reply * where code!=0 text "das ging leider nicht: <<{text}>>")"}},
      {.name = "v2-only",
       .what = "serves version 2 of the Task service alone",
       .wire_rules = {"start set version=2",
                      "request * where service=containerd.task.v3.Task fail UNIMPLEMENTED"}},
      {.name = "v3-only",
       .what = "serves version 3 of the Task service alone",
       .wire_rules = {"start set version=3",
                      "request * where service=containerd.task.v2.Task fail UNIMPLEMENTED"}},
      {.name = "shim-per-task",
       .what = "claims to share no daemon: one for each task",
       .profile = kNoGrouping},

      // What surrounds a shim.
      {.name = "umask-0077", .what = "started with umask 0077", .before = "umask 0077\n"},
      {.name = "umask-0000", .what = "started with umask 0000", .before = "umask 0000\n"},
      {.name = "no-home",
       .what = "HOME, USER and the like are not set",
       .before = "unset HOME USER LOGNAME SHELL PWD OLDPWD TERM\n"},
      {.name = "far-away-time-zone",
       .what = "another time zone and language",
       .before = "export TZ=Pacific/Kiritimati LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8\n"},
      {.name = "large-environment",
       .what = "64 KiB more environment",
       .before = "export FILLER=\"$(head -c 65536 /dev/zero | tr '\\0' x)\"\n"},
      {.name = "few-descriptors",
       .what = "256 descriptors, until somebody asks for more",
       .before = "ulimit -Sn 256\n"},
      {.name = "slow-commands",
       .what = "every command of the shim takes 150 ms longer",
       .before = "sleep 0.15\n",
       .idle = true,
       .jobs = kWaiting,
       .deadline_scale = 2},
      {.name = "no-new-privileges",
       .what = "started with no_new_privs",
       .before = "exec setpriv --no-new-privs \\\n"},
      {.name = "log-is-full",
       .what = "what it writes to stderr meets ENOSPC (less the checks that read it)",
       .after = "2>/dev/full",
       .options = {"!bootstrap", "!socket-reuse/a-socket-directory-too-long-is-survived"}},
      {.name = "long-path",
       .what = "the shim lies in a directory with a very long name",
       .directory = kLongName},
      {.name = "odd-path",
       .what = "the shim lies in a directory with blanks, quotes and a dollar",
       .directory = "it's a \"shim\" for $5"},
      {.name = "long-namespace",
       .what = "containerd's namespace has 76 characters",
       .options = {"--containerd-ns",
                   "a-namespace-as-long-as-the-daemon-lets-namespaces-be-which-is-76-characters0"}},
      {.name = "another-clock",
       .what = "the shim's monotonic clock is a day ahead: in a time namespace",
       .need = LegalNeed::kTimeNamespace,
       .before = "exec unshare --time --monotonic 86400 --boottime 86400 \\\n"},

      // What surrounds the judge.
      {.name = "closed-stdin",
       .what = "the judge has no standard input",
       .launcher = {"/bin/sh", "-c", "exec \"$@\" <&-", "sh"}},
      {.name = "user-namespace",
       .what = "worlds belong to a user namespace",
       .options = {"--priv", "userns"}},
      {.name = "tiny-pipes",
       .what = "pipes hold a page or two: the user's share is used up",
       .need = LegalNeed::kRoot,
       .options = {"--priv", "userns"},
       .kernel_file = "/proc/sys/fs/pipe-user-pages-soft",
       .kernel_value = "1"},
      {.name = "random-order", .what = "checks in random order", .options = {"--shuffle"}},
      {.name = "many-at-once", .what = "16 checks at a time", .jobs = 16, .deadline_scale = 4},

      // Slow machines.
      {.name = "nice",
       .what = "lowest priority",
       .launcher = {"/usr/bin/nice", "-n", "19"},
       .deadline_scale = 2},
      {.name = "one-cpu",
       .what = "all on one CPU",
       .launcher = {"/usr/bin/taskset", "-c", "0"},
       .deadline_scale = 2},
      {.name = "busy-machine",
       .what = "two other processes use up two CPUs",
       .deadline_scale = 4,
       .hogs = 2},
      {.name = "cpu-quota",
       .what = "a tenth of a CPU for the judge, the shim and all containers",
       .need = LegalNeed::kCpuCgroup,
       .options = {"--priv", "userns"},
       .idle = true,
       .deadline_scale = 20,
       .cpu_percent = 10},
      {.name = "sanitizers",
       .what = "the shim is built with ASan and UBSan",
       .need = LegalNeed::kSanitizedShim,
       .deadline_scale = 4},

      // Other shims and engines.
      {.name = "real-runc",
       .what = "runc in place of the stand-in engine",
       .need = LegalNeed::kRunc,
       .options = {"--engine", "real", "--expect", "engine-runc-1.1"}},
      {.name = "real-crun",
       .what = "crun in place of runc (less the hooks, which it runs in its own way)",
       .need = LegalNeed::kCrun,
       // Where cgroups are hybrid crun wants the second hierarchy to have no controllers.
       .launcher = {"/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                    "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"", "sh"},
       // Its Start does not wait for the hook that is to block it.
       .options = {"--engine", "/usr/bin/crun", "!hooks", "!isolation/a-blocked-start-*"}},
      {.name = "host-process-shim",
       .what = "the example: no engine, no namespaces, a daemon per task",
       .program = kExampleShim,
       .options = {"--profile", "host-process"}},
  };
}

}  // namespace

const std::vector<LegalVariant>& LegalVariants() {
  static const std::vector<LegalVariant> variants = [] {
    std::vector<LegalVariant> all = NativeVariants();
    for (LegalVariant& variant : WasmLegalVariants()) all.push_back(std::move(variant));
    return all;
  }();
  return variants;
}

absl::Status CheckLegalNeed(LegalNeed need) {
  switch (need) {
    case LegalNeed::kNone:
      break;
    case LegalNeed::kRoot:
      if (::geteuid() != 0) return absl::UnavailableError("needs root");
      break;
    case LegalNeed::kRunc:
      if (!IsInstalled("runc")) return absl::UnavailableError("runc is not installed");
      break;
    case LegalNeed::kCrun:
      if (::access("/usr/bin/crun", X_OK) != 0) {
        return absl::UnavailableError("crun is not installed");
      }
      break;
    case LegalNeed::kTimeNamespace:
      if (::access("/proc/self/ns/time_for_children", F_OK) != 0 || ::geteuid() != 0) {
        return absl::UnavailableError("needs root and a kernel with time namespaces");
      }
      break;
    case LegalNeed::kCpuCgroup:
      return CheckCpuQuota();
    case LegalNeed::kWasm:
      if (::geteuid() != 0) return absl::UnavailableError("needs root");
      if (!FindProgram(kStage).ok()) {
        return absl::UnavailableError(absl::StrCat(kStage, " is not built: build the target wasm"));
      }
      break;
    case LegalNeed::kSanitizedShim:
      if (SanitizedShim().empty()) {
        return absl::UnavailableError("build/dev has no reference shim: build the preset dev");
      }
      break;
  }
  return absl::OkStatus();
}

std::string SanitizedShim() {
  const fs::path here = fs::path(JudgeProgram()).parent_path();
  std::string path =
      absl::StrCat((here / "../../dev/bin").lexically_normal().string(), "/", kReferenceShim);
  return ::access(path.c_str(), X_OK) == 0 ? path : "";
}

}  // namespace conformance
