// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "conformance/harness/check_context_bundles.h"
#include "conformance/harness/check_context_scope.h"
#include "conformance/harness/processes_watch.h"
#include "conformance/harness/task.h"
#include "conformance/harness/task_stdio.h"

namespace conformance {

// A process of a task, init or exec, as its client holds it: names, streams, and a stable handle on
// what the shim says is its pid.
class ClientProcess {
 public:
  ClientProcess(CheckScope& scope, ShimUnderTest& shim, ProcessKey key,
                std::unique_ptr<FifoStdio> stdio)
      : scope_(scope), shim_(shim), key_(std::move(key)), stdio_(std::move(stdio)) {}
  // The same process over another connection; streams and handle are shared.
  ClientProcess(const ClientProcess& other, ShimUnderTest& shim)
      : scope_(other.scope_),
        shim_(shim),
        key_(other.key_),
        stdio_(other.stdio_),
        pid_(other.pid_),
        watch_(other.watch_) {}

  [[nodiscard]] ShimUnderTest& shim() const { return shim_; }
  [[nodiscard]] const ProcessKey& key() const { return key_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] FifoStdio& stdio() const { return *stdio_; }
  [[nodiscard]] bool Gone() const;
  // The shim has told its pid: from now on its end is recorded. The first one told counts.
  void SetPid(pid_t pid);

  absl::StatusOr<pid_t> Start(const CallOptions& options);
  absl::StatusOr<StateInfo> State(const CallOptions& options);
  absl::StatusOr<ExitInfo> Wait(const CallOptions& options);
  std::unique_ptr<PendingReply> WaitAsync();
  absl::Status Kill(int signo, bool all);
  absl::StatusOr<ExitInfo> Delete(const CallOptions& options);
  absl::Status ResizePty(std::uint32_t width, std::uint32_t height);
  absl::Status CloseIo();

 private:
  CheckScope& scope_;
  ShimUnderTest& shim_;
  const ProcessKey key_;
  std::shared_ptr<FifoStdio> stdio_;  // shared by clients of one process on several connections
  pid_t pid_ = 0;
  std::shared_ptr<ProcessWatch> watch_;  // likewise
};

class Task::Impl {
 public:
  Impl(CheckScope& check_scope, BundleStore& bundle_store, ShimUnderTest& shim, Bundle of,
       std::unique_ptr<FifoStdio> stdio)
      : scope(check_scope),
        bundles(bundle_store),
        bundle(std::move(of)),
        process(check_scope, shim, {bundle.id, ""}, std::move(stdio)) {}

  Impl(const Impl& other, ShimUnderTest& shim)
      : scope(other.scope),
        bundles(other.bundles),
        bundle(other.bundle),
        process(other.process, shim),
        create_status(other.create_status) {}

  // The serialized request of Create; the bundle counts as seen by a shim from now on.
  std::string CreateRequest(bool terminal, const CreateOptions& options);
  // Sends Create and keeps its outcome in create_status.
  void Create(bool terminal, const CreateOptions& options);
  absl::StatusOr<Exec> AddExec(const ProcessSpec& spec, const ExecOptions& options);

  CheckScope& scope;
  BundleStore& bundles;
  const Bundle bundle;
  ClientProcess process;
  absl::Status create_status;
  std::vector<std::shared_ptr<Exec::Impl>> execs;  // shared with the check's handles
};

class Exec::Impl {
 public:
  Impl(CheckScope& scope, ShimUnderTest& shim, ProcessKey key, std::unique_ptr<FifoStdio> stdio)
      : process(scope, shim, std::move(key), std::move(stdio)) {}
  ClientProcess process;
};

}  // namespace conformance
