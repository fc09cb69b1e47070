// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/usual_mistakes.h"

#include <array>

namespace conformance {
namespace {

struct Mistake {
  absl::string_view requirement;
  absl::string_view text;
};

// From defects that several shims have had, independently of each other.
constexpr std::array kMistakes = {
    Mistake{"CONN-01", "Connect waits behind another call: answer it from no lock and no queue."},
    Mistake{"CREATE-05", "The pid is read before the engine has written its pid file."},
    Mistake{"CREATE-11",
            "Undo in reverse order on every error path: streams, mounts, engine state."},
    Mistake{"CREATE-14", "Pipes opened before the engine runs are not closed when it fails."},
    Mistake{"DEL-02", "Logging to stdout in `delete` spoils the one message that belongs there."},
    Mistake{"DEL-03",
            "`delete` trusts files that the dead daemon never wrote; look at the bundle."},
    Mistake{"DEL-05", "`delete` waits for the container to end on its own; kill it first."},
    Mistake{"DELETE-03", "The error of a missing id is wrapped and loses its code on the way out."},
    Mistake{"DELETE-08",
            "A child that keeps stdout open keeps the copy loop alive: bound the wait."},
    Mistake{"DELETE-10", "The work is tied to the caller's context and stops half-way with it."},
    Mistake{"ENV-06", "A variable that is always there under one daemon is absent under another."},
    Mistake{"EVT-04", "The library packs an Any with type.googleapis.com/ in front."},
    Mistake{"EVT-11", "Only the init has a publish path: exits of execs need the exec's id."},
    Mistake{"EVT-20", "The reaper publishes the exit without waiting for Start to publish."},
    Mistake{"EVT-21", "Both the reaper and the clean-up publish the exit: let one place own it."},
    Mistake{"EVT-22", "Clean-up of a failed Create goes through the path of a dead container."},
    Mistake{"EVT-23", "The init's exit is published while exits of its execs are still queued."},
    Mistake{"EVT-28", "Calls publish synchronously, so a slow containerd becomes a slow shim."},
    Mistake{"EVT-40", "The retry reuses a context or a socket that has already ended."},
    Mistake{"EVT-47", "The publisher is closed before its queue is empty."},
    Mistake{"EXIT-02",
            "The status is taken from the exit code although a signal ended the process."},
    Mistake{"FILE-04",
            "A write to `log` without a reader raises SIGPIPE or an error taken as fatal."},
    Mistake{"FLAG-01", "Flags are Go's: one dash, and no clustering of short options."},
    Mistake{"IO-02", "The exit is reported and the copy stopped before the pipe was drained."},
    Mistake{"IO-03", "The shim itself holds a writing end of the FIFO."},
    Mistake{"IO-04", "The shim opened the output only for writing: hold a reading end as well."},
    Mistake{"IO-08", "The shim has no writing end of stdin of its own."},
    Mistake{"KILL-02", "ESRCH, and the engine's words for it, must become code 5."},
    Mistake{"LEAK-02",
            "An engine command or logger outlives its caller: set a parent-death signal."},
    Mistake{"PIDS-01", "The list comes from the engine and is empty while that is slow."},
    Mistake{"PIDS-02",
            "Asking the engine for a stopped container fails: answer from the own state."},
    Mistake{"REAP-02", "SIGCHLD is coalesced: wait in a loop until there is nothing left."},
    Mistake{"REAP-06", "Without a pid namespace nobody kills the rest: signal the whole cgroup."},
    Mistake{"REC-02",
            "The listening socket is inherited by a logger, the container or the engine."},
    Mistake{"RES-04", "A descriptor is opened without O_CLOEXEC."},
    Mistake{"SHUT-01", "Shutdown looks at the task it names instead of at all tasks."},
    Mistake{"SHUT-05", "The shim ends only after a Delete, so a failed Create leaks it."},
    Mistake{"SOCK-05", "A long id or state directory makes a path longer than sun_path: hash it."},
    Mistake{"SOCK-10",
            "bind() fails with EADDRINUSE: try to connect, and unlink when nobody listens."},
    Mistake{"SOCK-11", "The socket file is unlinked on Delete's path only, not on every exit."},
    Mistake{"START-03", "A log line before the result makes containerd fail to parse it."},
    Mistake{"START-04", "The daemon keeps stdout or stderr of `start`: redirect all three."},
    Mistake{"START-05", "`start` prints the address before the daemon listens."},
    Mistake{"STATE-03", "State asks the engine: keep the state in the shim."},
    Mistake{"STATS-02", "Statistics ask the engine, which has forgotten the exited container."},
    Mistake{"TASK-05", "Several pids are about (shim, engine, guest): report that of the init."},
    Mistake{"TT-08", "Requests are handled one after another on a connection."},
    Mistake{"TT-14", "An unknown method becomes code 5 or 3; containerd negotiates by code 12."},
    Mistake{"VM-01", "The connection to the API or the agent is retried without an end."},
    Mistake{"VM-05", "The program is killed when its boot fails, its files and mounts stay."},
    Mistake{"VM-06",
            "Nobody waits for the hypervisor itself: its death is noticed by the next call."},
    Mistake{"VM-11", "The monitor ends the machine at the first check that runs into its limit."},
    Mistake{"VM-13", "One lock, or one connection in turns, for all calls to the agent."},
    Mistake{"VM-18",
            "`delete` asks the daemon or the agent instead of reading what is on the disk."},
    Mistake{"VM-26", "The exit waits for the end of the outputs, which a grandchild may hold."},
    Mistake{"VM-28", "A disk whose place cannot be read is in the machine: take it out again."},
    Mistake{"WAIT-01", "The exit is noticed only when the next call arrives."},
    Mistake{"WAIT-02", "The waiter registers for an exit that has already been announced."},
    Mistake{"WASM-01", "Engines take codes above 125 for invalid: define proc_exit yourself."},
    Mistake{"WASM-04", "The environment goes through a map on its way to the engine."},
    Mistake{"WASM-05", "Every error of the engine becomes 137, the status of a kill."},
    Mistake{"WASM-08", "As pid 1 a process ignores what it has no handler for: exit in one."},
    Mistake{"WASM-10", "The stdin FIFO is opened for reading and writing: the guest has a writer."},
    Mistake{"WASM-11", "An output that cannot be opened is logged and forgotten."},
    Mistake{"WASM-13", "`delete` answers 137 and leaves processes, cgroup and mounts."},
    Mistake{"WASM-14", "What looks compiled is loaded as it is: load only what you compiled."},
    Mistake{"WASM-21", "Create answers getpid() of the shim: network plug-ins enter that."},
    Mistake{"WASM-27", "Random numbers come from /dev/urandom of a rootfs that has none."},
    Mistake{"WASM-30", "hooks.prestart is taken for granted wherever there are hooks."},
    Mistake{"WASM-33", "The engine reserves 4 GiB of addresses, or a pool of them, per guest."},
};

}  // namespace

absl::string_view UsualMistake(absl::string_view requirement) {
  for (const Mistake& mistake : kMistakes) {
    if (mistake.requirement == requirement) return mistake.text;
  }
  return "";
}

}  // namespace conformance
