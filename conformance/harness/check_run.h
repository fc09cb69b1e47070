// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "conformance/harness/check.h"
#include "conformance/harness/profile.h"
#include "conformance/harness/shim_under_test.h"
#include "conformance/harness/verdict.h"

// The seam inside a worker: world.cc has made the world, check_run.cc runs one check in it and
// cleans up after it, world.cc then audits what is left.

namespace conformance {

// The private world of one check execution. All directories exist, are empty, lie on the worker's
// own tmpfs and vanish with it; paths are as the worker (and everything below it) sees them.
struct WorldInfo {
  std::string root;              // "/run/shimgauge": parent of those below
  std::string bundles;           // bundle directories are made here (0711)
  std::string fifos;             // client ends of stdio
  std::string scratch;           // CheckContext::ScratchDirectory(), 1777
  std::string temp;              // TMPDIR of the shim and of all its children; audited, 1777
  std::string sockets;           // "/run/containerd/s"
  std::string sink_path;         // TTRPC_ADDRESS: "/run/containerd/containerd.sock.ttrpc"
  std::string containerd_path;   // GRPC_ADDRESS: "/run/containerd/containerd.sock", nobody listens
  std::string cgroup_parent;     // "/shimgauge-1f3a/7": prefix of every linux.cgroupsPath;
                                 // empty: this world may not make cgroups
  std::string fixtures;          // fixture programs; "" when the run has none
  std::string shim;              // absolute path of the shim binary
  std::string ns = "shimgauge";  // containerd namespace of the check
  std::uint64_t seed = 0;        // of this execution; differs between repeats
  double deadline_scale = 1.0;   // multiplies every deadline
};

// What the worker lends for one check; borrowed, used by one thread.
struct WorkerServices {
  boost::asio::io_context& loop;
  base::ChildReaper& reaper;  // the worker is pid 1: every orphan of its world ends here
  // To be called with what is being waited for ("Create c1: reply") just before control goes to the
  // loop because the *shim* owes something, and with "" as soon as the harness is on its own again.
  // When a worker exceeds its budget or dies this decides between `hang` and `error`. Cheap.
  std::function<void(absl::string_view waiting_for)> progress;
};

// One `start` in one dialect, as the probe saw it.
struct DialectProbe {
  bool usable = false;  // exit 0, result parsed, Connect answered
  int version = 0;      // task API version announced; 1 for a bare address
  std::string protocol;
  std::string problem;  // one sentence when not usable: what was seen
  std::int64_t took_us = 0;
  friend bool operator==(const DialectProbe&, const DialectProbe&) = default;
};

// What the probe found out about the shim. Travels to every worker.
struct SubjectInfo {
  DialectProbe legacy;
  DialectProbe params;
  Dialect default_dialect = Dialect::kLegacy;  // a usable one; kParams when both are
  int task_version = 2;                        // of the service to call: 2 or 3
  bool other_task_version = false;             // serves the other one of these, too
  std::string version_text;                    // what `-v` printed, first lines, "" when it failed
  std::string log_tail;                        // of an unusable shim, for the report
  [[nodiscard]] bool usable() const { return legacy.usable || params.usable; }
  [[nodiscard]] const DialectProbe& of(Dialect dialect) const {
    return dialect == Dialect::kLegacy ? legacy : params;
  }
  friend bool operator==(const SubjectInfo&, const SubjectInfo&) = default;
};

// One line of the evidence time line.
struct HistoryEntry {
  enum class Lane { kRpc, kEvent, kProcess, kWorld, kLog };
  std::int64_t offset_us = 0;  // since the check function was entered
  Lane lane = Lane::kWorld;
  std::string text;            // "→ Create id=c1", "⇐ /tasks/exit pid=11 status=0", ...
  bool contradiction = false;  // where it first contradicts the rule: at most one is marked
  friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};
absl::string_view LaneName(HistoryEntry::Lane lane);  // "rpc", "event", "process", "world", "log"

// How one execution of a check ended, before the audit.
//
// Verdict, the first that applies: kError (the harness or the host failed; also a check that would
// pass without a single positive observation, law 1), kCrash (a daemon died although neither the
// check nor the clean-up ended it: why shim.crashed, in front), kHang (a call exceeded its deadline
// unexpectedly: why reply.missing), kFail, kSkip (no failure before the skip; the reason is
// whys[0].text, its code not-claimed or host.unfit), kPass. kLeak and kNotRun are not RunCheck's
// business.
struct CheckOutcome {
  Verdict verdict = Verdict::kError;
  std::vector<Why> whys;           // why it is no pass, the decisive one first
  std::vector<std::string> notes;  // legal but unwise; never red
  int observations = 0;            // expectations that held
  std::vector<HistoryEntry> history;
  std::string after;     // one line: shim alive?, state of the tasks when the check function ended
  std::string shim_log;  // last 64 KiB of what the `log` FIFOs of the check carried
  std::map<pid_t, std::string> known;  // whose process is which: "shim daemon", "container c1",
                                       // "exec e1 of c1"; for naming what is left
  std::vector<std::string> hang;       // of a kHang: what everybody was doing, see hang_report.h
  std::string story;                   // what can be judged again, see story_text.h; "" without
  std::vector<Why> findings;           // of the rules over the whole history, when it was judged
  std::int64_t rpc_count = 0;
  std::int64_t boot_us = 0;   // first `start`, exec to exit; 0: none
  std::int64_t check_us = 0;  // the check function without clean-up
};

// Runs `check` with a CheckContext of its own and cleans up (Kill, Delete, Shutdown, `delete`;
// bounded by deadlines): afterwards only what the shim itself left is there, so no event sink, log
// reader or stdio file of the harness. Never throws; an exception of the check is kError.
CheckOutcome RunCheck(const Check& check, const WorkerServices& services, const WorldInfo& world,
                      const SubjectInfo& subject, const Profile& profile);

// Tries `-v` and `start` in each dialect (legacy with empty stdin), Connect and Shutdown, with
// deadlines of at most 3 s each before scaling, so that a silent program costs seconds, or what the
// profile allows above its defaults. Errors are the host's or the judge's own, never the shim's.
absl::StatusOr<SubjectInfo> ProbeShim(const WorkerServices& services, const WorldInfo& world,
                                      const Profile& profile);

}  // namespace conformance
