// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <gmock/gmock-matchers.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/harness/shim_under_test.h"

namespace conformance {

// containerd.task Status (contract §4.1).
enum class TaskStatus { kUnknown, kCreated, kRunning, kStopped, kPaused, kPausing };
void PrintTo(TaskStatus status, std::ostream* out);

// A process' end as Wait, Delete and the exit event report it.
struct ExitInfo {
  std::uint32_t pid = 0;  // 0 for Wait, which has no pid
  std::uint32_t exit_status = 0;
  std::int64_t exited_at_ns = 0;  // Unix time; 0 when absent or Go's zero time
};
void PrintTo(const ExitInfo& info, std::ostream* out);
::testing::Matcher<const ExitInfo&> ExitedWith(std::uint32_t status);

struct StateInfo {
  std::string id;
  std::string bundle;
  std::uint32_t pid = 0;
  TaskStatus status = TaskStatus::kUnknown;
  std::string standard_input;
  std::string standard_output;
  std::string standard_error;
  bool terminal = false;
  std::uint32_t exit_status = 0;
  std::int64_t exited_at_ns = 0;
  std::string exec_id;
};
void PrintTo(const StateInfo& info, std::ostream* out);
::testing::Matcher<const StateInfo&> HasStatus(TaskStatus status);

struct PidInfo {
  std::uint32_t pid = 0;
  std::string exec_id;  // from ProcessDetails; empty: none
  bool has_info = false;
};
void PrintTo(const PidInfo& info, std::ostream* out);

// Status matchers: IsOk(), HasCode(absl::StatusCode::kNotFound), IsError() (any but OK),
// IsOkAndHolds(m). They take Status and StatusOr alike.
// Refused(codes...) = an error among `codes`; a plain IsError() is for rules that leave it open.
// They are defined in conformance/harness/matchers.h.

// How the client's side of a process' stdio is made (HARN-04).
struct StdioOptions {
  bool standard_input = false;  // make a stdin FIFO and hold its writing end
  bool outputs = true;          // stdout+stderr FIFOs with readers; false: all three empty
  bool readers = true;          // false: FIFOs without anybody reading them
  // Verbatim values instead of FIFOs (URIs, odd paths); empty: made as above.
  std::string stdin_uri;
  std::string stdout_uri;
  std::string stderr_uri;
};

// The client's side of one process' streams. Bytes are collected as they arrive while a reader is
// open. Copies share the same streams.
class ClientStdio {
 public:
  virtual ~ClientStdio() = default;
  virtual std::string stdin_path() const = 0;
  virtual std::string stdout_path() const = 0;
  virtual std::string stderr_path() const = 0;
  virtual const std::string& output() const = 0;  // stdout so far
  virtual const std::string& error() const = 0;   // stderr so far
  virtual bool output_eof() const = 0;
  virtual bool error_eof() const = 0;
  virtual bool AwaitOutput(const std::string& text) = 0;  // substring of stdout
  virtual bool AwaitOutputBytes(std::size_t bytes) = 0;
  virtual bool AwaitEof() = 0;                                    // of every open reader
  virtual absl::Status WriteInput(const std::string& bytes) = 0;  // completes when all is written
  virtual void CloseInput() = 0;                                  // the client's writing end only
  virtual void CloseReaders() = 0;
  virtual void PauseReading() = 0;           // stay open, stop reading
  virtual absl::Status ReopenReaders() = 0;  // or resume
  virtual absl::Status ReopenInput() = 0;
};

struct CreateOptions {
  BundleOptions bundle;
  StdioOptions stdio;
  // Use this bundle (made by MakeBundle) rather than a new one.
  std::optional<Bundle> existing_bundle;
  // Create in this shim rather than in Shim(); no `start` is run for the bundle.
  ShimUnderTest* shim = nullptr;
  bool mount_rootfs = true;  // false: no Create.rootfs entries, the spec's root path is used
  std::string runc_options;  // serialized containerd.runc.v1.Options for Create.options
  // Last word on the serialized containerd.task.v3.CreateTaskRequest before it is sent.
  std::function<std::string(std::string request)> edit_request;
  CallOptions call;
};
struct ExecOptions {
  std::string exec_id;  // empty: a fresh one
  StdioOptions stdio;
  std::string process_json;  // verbatim spec instead of the generated one
  bool omit_spec = false;
  CallOptions call;
};

class Exec;

// A container made (or tried) by CheckContext::Create. Cheap to copy; copies mean the same task.
class Task {
 public:
  class Impl;
  explicit Task(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  [[nodiscard]] const Bundle& bundle() const;
  [[nodiscard]] const absl::Status& create_status() const;  // how Create ended
  [[nodiscard]] ShimUnderTest& shim() const;
  [[nodiscard]] const std::string& id() const;
  [[nodiscard]] pid_t pid() const;
  [[nodiscard]] ClientStdio& stdio() const;
  absl::StatusOr<pid_t> Start(const CallOptions& options = {}) const;
  absl::StatusOr<StateInfo> State(const CallOptions& options = {}) const;
  absl::StatusOr<ExitInfo> Wait(const CallOptions& options = {}) const;
  std::unique_ptr<PendingReply> WaitAsync() const;
  absl::Status Kill(int signo, bool all = false) const;
  absl::StatusOr<ExitInfo> Delete(const CallOptions& options = {}) const;
  absl::Status ResizePty(std::uint32_t width, std::uint32_t height) const;
  absl::Status CloseIo() const;
  absl::Status Pause() const;
  absl::Status Resume() const;
  absl::StatusOr<std::vector<PidInfo>> Pids() const;
  // Type URL and value of StatsResponse.stats.
  absl::StatusOr<std::pair<std::string, std::string>> Stats() const;
  absl::Status Update(const std::string& resources_json) const;
  absl::Status Checkpoint(const std::string& path) const;

  // Registers an exec; the check judges its status. `TryExec` keeps the handle also on failure.
  [[nodiscard]] absl::StatusOr<Exec> AddExec(const ProcessSpec& process,
                                             const ExecOptions& options = {}) const;

  // Truth, independent of the shim: a pidfd opened when the pid became known.
  [[nodiscard]] bool ProcessGone() const;

 private:
  friend class CheckContextImpl;
  std::shared_ptr<Impl> impl_;  // shared by the context (clean-up) and the check's copies
};

class Exec {
 public:
  class Impl;
  explicit Exec(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  [[nodiscard]] const std::string& id() const;
  [[nodiscard]] const std::string& exec_id() const;
  [[nodiscard]] pid_t pid() const;
  [[nodiscard]] ClientStdio& stdio() const;
  absl::StatusOr<pid_t> Start(const CallOptions& options = {}) const;
  absl::StatusOr<StateInfo> State(const CallOptions& options = {}) const;
  absl::StatusOr<ExitInfo> Wait(const CallOptions& options = {}) const;
  std::unique_ptr<PendingReply> WaitAsync() const;
  absl::Status Kill(int signo, bool all = false) const;
  absl::StatusOr<ExitInfo> Delete(const CallOptions& options = {}) const;
  absl::Status ResizePty(std::uint32_t width, std::uint32_t height) const;
  absl::Status CloseIo() const;
  [[nodiscard]] bool ProcessGone() const;

 private:
  std::shared_ptr<Impl> impl_;  // shared by the context (clean-up) and the check's copies
};

// Decodes the serialized WaitResponse of WaitAsync()->Get().
absl::StatusOr<ExitInfo> AsExit(absl::StatusOr<std::string> wait_response);

}  // namespace conformance
