// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "container/mounts.h"
#include "oci/spec.h"

// What a backend is: the part of a shim that knows how to run a container. Everything else (order
// of calls, exit bookkeeping, events, stdio, sharing of one shim by several tasks) lives in shim/.
//
// Rules for implementers:
//  * One thread. Nothing here may block; slow work runs in a spawned process and completes through
//    its Done, later from the loop or at once, exactly once and in bounded time. A Done may destroy
//    the object whose verb it completes; one in flight when its object is destroyed may be dropped.
//  * The shim never has two of Start, Delete, Pause, Resume, Update, Checkpoint of one workload in
//    flight together; Signal, Exec, Sample, Pids and Resize may come at any time between Create's
//    completion and Delete's.
//  * Errors are Status values whose message carries the engine's own text (TT-22). NOT_FOUND from
//    Signal means "already gone" and is no failure of the engine.
namespace shim {

template <typename T = void>
struct DoneSignature {
  using type = absl::AnyInvocable<void(absl::StatusOr<T>)>;
};
template <>
struct DoneSignature<void> {
  using type = absl::AnyInvocable<void(absl::Status)>;
};
// The continuation of an asynchronous verb; call it exactly once.
template <typename T = void>
using Done = typename DoneSignature<T>::type;

// An engine-specific message carried through unread (google.protobuf.Any).
struct Opaque {
  std::string type_url;
  std::string value;
  [[nodiscard]] bool empty() const { return value.empty(); }
};

// What the shim derives refusals (UNIMPLEMENTED) and `-info` from.
struct Capabilities {
  bool exec = false;
  bool terminal = false;
  bool pause = false;
  bool update = false;
  bool checkpoint = false;
  bool stats = false;
  // A pid namespace that the spec asks for is made, so that the kernel ends everything with the
  // init. Otherwise the shim has it all killed (REAP-06).
  bool pid_namespace = true;
};

struct WindowSize {
  std::uint32_t width = 0;   // columns
  std::uint32_t height = 0;  // rows
};

// The three descriptors of a new process, made by the shim. Without a terminal each is open and
// handed to the process as it is. With one they are closed, and the backend gives the pty master
// to `on_console` before it completes Create (init) or Start (exec).
struct ProcessIo {
  base::UniqueFd in;
  base::UniqueFd out;
  base::UniqueFd err;
  bool terminal = false;
  std::function<void(base::UniqueFd master)> on_console;
  // Of the terminal, where the client has said so already. The shim sets it itself on a console
  // that can be resized.
  std::optional<WindowSize> size;
};

// Called once when the process has ended, whoever ended it; never before the completion of the
// verb that made the process (Create for an init, Start for an exec).
using ExitCallback = std::function<void(const base::ExitStatus&)>;

struct CreateSpec {
  std::string id;
  std::string bundle;  // absolute; rootfs is mounted already
  oci::Spec spec;      // config.json of the bundle
  // Not empty: the mounts of Create.rootfs, which are the backend's to make (Backend::TakesRootfs).
  std::vector<container::Mount> rootfs;
  Opaque options;          // of Create; empty means defaults (CREATE-07)
  std::string checkpoint;  // image directory to restore from at Start; empty: none
  ProcessIo io;
  ExitCallback on_exit;          // the init's exit, also one in created state (STATE-06)
  std::function<void()> on_oom;  // at least once per OOM kill (EVT-30), before on_exit (EVT-29)
};

struct ExecSpec {
  std::string exec_id;
  std::string process_json;  // OCI process object, `terminal` already set as requested
  ProcessIo io;
  ExitCallback on_exit;
};

struct CheckpointSpec {
  std::string path;  // image directory; empty: the options' image_path
  Opaque options;
};

// Whom Signal reaches: the one process, or everything in the container (KILL-06, KILL-07).
enum class SignalScope { kProcess, kAll };

// What a verb answers that a backend is not capable of. Such verbs are never called and need not be
// overridden.
inline absl::Status NotCapable() { return absl::UnimplementedError("not supported by this shim"); }

// A process made inside an existing container. Nothing runs before Start. The destructor releases
// what the object holds; it kills a process that still runs.
class ExecWorkload {
 public:
  virtual ~ExecWorkload() = default;
  // Completes with the host pid once the program executes.
  virtual void Start(Done<pid_t> done) = 0;
  // Only between the completion of Start and on_exit.
  virtual void Signal(int signo, Done<> done) = 0;
  // terminal, and only if the console handed over is none that the shim can resize itself.
  virtual void Resize(WindowSize, Done<> done) { done(NotCapable()); }
  // After on_exit, before the destructor: completes when the output that the backend itself copies
  // is with its reader. Workload::Delete does the same for the init.
  virtual void Flush(Done<> done) { done(absl::OkStatus()); }
};

// A container: made by Backend::Create with its init waiting, run by Start.
class Workload {
 public:
  virtual ~Workload() = default;  // releases what Delete did not; never blocks

  // Host pid of the init; 0 before Start when restoring from a checkpoint (CKPT-05).
  [[nodiscard]] virtual pid_t pid() const = 0;
  virtual void Start(Done<pid_t> done) = 0;
  virtual void Signal(int signo, SignalScope scope, Done<> done) = 0;
  // Every process of the container, host pids (PIDS-04).
  virtual void Pids(Done<std::vector<pid_t>> done) = 0;
  // Ends whatever still runs and removes the container from the engine. Succeeds when the engine
  // has already forgotten it (DELETE-09).
  virtual void Delete(Done<> done) = 0;

  // exec: the returned object does not outlive this workload.
  virtual absl::StatusOr<std::unique_ptr<ExecWorkload>> Exec(ExecSpec) { return NotCapable(); }
  // terminal: as ExecWorkload::Resize.
  virtual void Resize(WindowSize, Done<> done) { done(NotCapable()); }
  // pause
  virtual void Pause(Done<> done) { done(NotCapable()); }
  virtual void Resume(Done<> done) { done(NotCapable()); }
  // update: `resources_json` is an OCI LinuxResources.
  virtual void Update(std::string, Done<> done) { done(NotCapable()); }
  // checkpoint
  virtual void Checkpoint(CheckpointSpec, Done<> done) { done(NotCapable()); }
  // stats: completes with a metrics message ready for StatsResponse (STATS-01). NOT_FOUND: no
  // cgroup.
  virtual void Sample(Done<Opaque> done) { done(NotCapable()); }
};

// What `delete` has to clean up without a daemon (DEL-01...11).
struct ReclaimSpec {
  std::string id;
  std::string bundle;
};

// What CreateSandbox says of a pod (SBX-02); its containers come later, by Create.
struct SandboxSpec {
  std::string id;
  std::string bundle;          // absolute; often without a config.json (SBX-21)
  Opaque options;              // of CreateSandbox
  oci::StringMap annotations;  // of the pod, whoever has told them
  std::string network;         // path of a network namespace; empty: the host's
  // It has ended though nobody asked it to, with this exit status. At most once, never before the
  // completion of Start; what runs in it is told by its own ExitCallback.
  std::function<void(unsigned status)> on_end;
};

// What a backend runs for a sandbox, and the containers of the pod in it. The destructor releases
// what Stop did not; it never blocks.
class SandboxWorkload {
 public:
  virtual ~SandboxWorkload() = default;
  // Once. Completes with the host pid of what the sandbox is, 0 if that is no process (SBX-04).
  virtual void Start(Done<pid_t> done) = 0;
  // Ends it with all that runs in it, in any state, in bounded time. May be repeated.
  virtual void Stop(Done<> done) = 0;
  // Completes with a metrics message of what the whole sandbox uses (SBX-20).
  virtual void Sample(Done<Opaque> done) { done(NotCapable()); }
};

class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual Capabilities capabilities() const = 0;
  // Makes the container; on failure nothing of it is left behind. The workload does not outlive
  // the backend.
  virtual void Create(CreateSpec spec, Done<std::unique_ptr<Workload>> done) = 0;
  // Whether `spec.rootfs`, which is not empty, is mounted by the backend, elsewhere than on this
  // host; otherwise the shim mounts it before Create (CREATE-01). `spec` has no stdio yet.
  [[nodiscard]] virtual bool TakesRootfs(const CreateSpec&) { return false; }
  // What the containers of a pod are to run in; nothing runs yet. Null: they need nothing, and the
  // sandbox is no more than their group. Called at most once, before the first Create; the workload
  // does not outlive the backend.
  virtual absl::StatusOr<std::unique_ptr<SandboxWorkload>> MakeSandbox(SandboxSpec) {
    return std::unique_ptr<SandboxWorkload>();
  }
  // Ends and removes whatever a dead shim left of a container, or of a sandbox; OK when nothing is
  // left (DEL-04).
  virtual void Reclaim(ReclaimSpec spec, Done<> done) = 0;
  // The engine's features document for `-info` (INFO-04), JSON; empty when it has none.
  // NOT_FOUND: there is no such engine (INFO-05).
  virtual void Features(Opaque, Done<std::string> done) { done(std::string()); }
};

class CallLog;

// What every backend is made from. All borrowed; they outlive the backend.
struct BackendContext {
  boost::asio::io_context& loop;
  base::ChildReaper& reaper;
  base::Log& log;
  std::string namespace_name;  // containerd namespace, from -namespace
  CallLog* calls = nullptr;    // what the daemon is asked; null in the short commands
};

using BackendFactory = std::function<std::unique_ptr<Backend>(const BackendContext&)>;

// The whole of a shim's main(): parses the command line and serves `start`, `delete`, `-v`, `-info`
// or the daemon itself. Returns the exit code.
int RunShim(int argc, char** argv, const BackendFactory& factory);

// The same with a backend that is made from a BackendContext and nothing else.
template <typename BackendType>
int RunShim(int argc, char** argv) {
  return RunShim(argc, argv, [](const BackendContext& context) {
    return std::make_unique<BackendType>(context);
  });
}

}  // namespace shim
