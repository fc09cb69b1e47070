// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/child_reaper.h"
#include "conformance/harness/check.h"

namespace conformance {

// What a container process is to run: a program of fixtures/programs by name, with arguments.
// Build with Program("exit_code", "7").
struct ProcessSpec {
  std::string program;                 // fixture name; absolute path: taken as it is in the guest
  std::vector<std::string> arguments;  // without argv[0]
  std::vector<std::string> env;        // added to PATH
  std::string cwd = "/";
  bool terminal = false;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
template <typename... Arguments>
ProcessSpec Program(std::string name, Arguments... arguments) {
  return {.program = std::move(name), .arguments = {std::string(arguments)...}};
}

// A bundle on disk (HARN-01). `id` is unique in the run unless given.
struct Bundle {
  std::string id;
  std::string path;
  std::string
      rootfs_source;  // what Create.rootfs binds onto <bundle>/rootfs; its files are the guest's
};

struct BundleOptions {
  std::string id;  // empty: a fresh one
  std::map<std::string, std::string> annotations;
  bool private_pid_namespace = true;
  bool omit_config = false;  // no config.json at all (START-09)
  std::string config_text;   // replaces config.json verbatim when not empty
  std::optional<std::int64_t> memory_limit_bytes;
  std::optional<int> oom_score_adj;
  // Last word on the spec: edits the JSON text of config.json.
  std::function<std::string(std::string config_json)> edit;
  bool without_log_fifo = false;
};

struct StartOptions {
  std::optional<Dialect> dialect;          // default: the shim's default dialect
  std::string id;                          // default: the bundle's; also for invalid values
  std::optional<std::string> ns;           // default: the check's namespace
  std::map<std::string, std::string> env;  // added or replaced
  std::vector<std::string> remove_env;
  std::vector<std::string> extra_flags;  // before the action word
  bool double_dash = false;              // --id instead of -id (FLAG-01)
  bool equals = false;                   // -id=X instead of -id X
  bool debug = false;
  std::optional<std::string> raw_stdin;  // instead of the dialect's stdin
  std::string runc_options;              // serialized containerd.runc.v1.Options; empty: none
  std::string socket_dir;                // BootstrapParams.socket_dir; empty: default
  std::string ttrpc_address;             // default: the sink's
  std::string working_directory;         // default: the bundle
  std::chrono::milliseconds deadline{10000};
};

struct CommandOptions {
  std::string standard_input;
  std::optional<std::vector<std::string>> env;  // whole environment; nullopt inherits
  std::string working_directory = "/";
  std::chrono::milliseconds deadline{5000};
};

// A finished (or given up) run of the shim binary.
struct CommandResult {
  bool timed_out = false;  // killed at its deadline
  base::ExitStatus exit;
  std::string standard_output;
  std::string standard_error;
  std::chrono::microseconds took{0};
  // Exited by itself with this code.
  [[nodiscard]] bool ExitedWith(int code) const {
    return !timed_out && exit.signal == 0 && exit.code == code;
  }
};
void PrintTo(const CommandResult& result, std::ostream* out);

struct StartResult {
  CommandResult command;        // stdout and stderr in one pipe as containerd does (HARN-03):
                                // all of it in command.standard_output
  std::string separate_stderr;  // empty (kept for dialects that split)
  Dialect dialect = Dialect::kLegacy;
  bool eof_seen = false;  // pipe reached EOF within a second after the exit (START-04)
  // Parsed as the newest daemon does (VERS-03):
  absl::Status parse_status;
  int version = 0;
  std::string address;
  std::string protocol;
  [[nodiscard]] bool usable() const { return command.ExitedWith(0) && parse_status.ok(); }
};
void PrintTo(const StartResult& result, std::ostream* out);

struct DeleteResult {
  CommandResult command;
  bool decodable = false;  // stdout is exactly one DeleteResponse (DEL-02)
  std::uint32_t pid = 0;
  std::uint32_t exit_status = 0;
  std::int64_t exited_at_ns = 0;
};
void PrintTo(const DeleteResult& result, std::ostream* out);

struct CallOptions {
  std::optional<std::chrono::milliseconds> wire_timeout;  // timeout_nano
  std::optional<std::chrono::milliseconds> deadline;      // local cap; given: expiry is no `hang`
  std::map<std::string, std::string> metadata;
};

struct ConnectInfo {
  std::uint32_t shim_pid = 0;
  std::uint32_t task_pid = 0;
  std::string version;
};
void PrintTo(const ConnectInfo& info, std::ostream* out);

// A pending untyped call.
class PendingReply {
 public:
  virtual ~PendingReply() = default;
  virtual bool done() const = 0;
  virtual absl::StatusOr<std::string> Get() = 0;  // runs the loop until the reply or the deadline
};

// A running shim daemon as seen over one connection.
class ShimUnderTest {
 public:
  virtual ~ShimUnderTest() = default;
  virtual const std::string& address() const = 0;  // as printed
  virtual std::string socket_path() const = 0;     // empty for abstract sockets
  virtual int task_version() const = 0;            // 2 or 3
  virtual pid_t pid() = 0;                         // Connect.shim_pid, asked once and checked
  virtual bool alive() = 0;                        // process exists and is no zombie
  virtual bool connected() const = 0;

  // Task service calls that are not bound to one task.
  virtual absl::StatusOr<ConnectInfo> Connect(const std::string& id,
                                              const CallOptions& options = {}) = 0;
  // OK also when the connection closed instead of an answer (HARN-08).
  virtual absl::Status Shutdown(const std::string& id, bool now = false) = 0;
  // Any method of the Task service with a serialized request; returns the serialized response.
  virtual absl::StatusOr<std::string> Call(const std::string& method, const std::string& request,
                                           const CallOptions& options = {}) = 0;
  virtual std::unique_ptr<PendingReply> CallAsync(const std::string& method,
                                                  const std::string& request,
                                                  const CallOptions& options = {}) = 0;
  // Any service.
  virtual absl::StatusOr<std::string> CallService(const std::string& service,
                                                  const std::string& method,
                                                  const std::string& request,
                                                  const CallOptions& options = {}) = 0;
  // Closes this connection without a word.
  virtual void Disconnect() = 0;
  // True when the peer closed this connection (waits for it up to `deadline`).
  virtual bool AwaitDisconnect(std::chrono::milliseconds deadline) = 0;
  // Signals the daemon; expects its death when the signal is SIGKILL, SIGTERM or SIGINT.
  virtual absl::Status SendSignal(int signo) = 0;
  // Waits until the daemon is gone (adopted and reaped here).
  virtual bool AwaitExit(std::chrono::milliseconds deadline) = 0;
};

}  // namespace conformance
