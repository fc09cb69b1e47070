// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"
#include "oci/spec.h"
#include "reference-shim/backends/backends.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/call_log.h"

namespace backends::testing {

// A continuation's result, when it has come. Giving it twice fails the running test.
template <typename Result>
class Answer {
 public:
  // The continuation; this object must outlive it.
  absl::AnyInvocable<void(Result)> Expect() {
    return [this](Result result) { Give(std::move(result)); };
  }
  [[nodiscard]] bool come() const { return result_.has_value(); }
  Result& operator*() { return *result_; }

 private:
  void Give(Result result);
  std::optional<Result> result_;
};

void FailSecondAnswer();

template <typename Result>
void Answer<Result>::Give(Result result) {
  if (result_.has_value()) FailSecondAnswer();
  result_ = std::move(result);
}

// One shim's worth of surroundings for a backend: loop, reaper, log, and a directory for bundles
// and engine state.
class BackendWorld {
 public:
  explicit BackendWorld(const BackendEntry& entry);
  ~BackendWorld();

  [[nodiscard]] shim::Backend& backend() { return *backend_; }
  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  [[nodiscard]] const base::testing::TempDir& temp() const { return temp_; }
  // What the backend takes for the calls that its shim answers: none, unless the test begins one.
  [[nodiscard]] shim::CallLog& calls() { return calls_; }
  // Create.options that keep the engine's state inside temp(); `binary` empty: the default engine.
  [[nodiscard]] shim::Opaque Options(const std::string& binary = "") const;
  // Where the engine keeps its state then.
  [[nodiscard]] std::string EngineRoot() const;

  // Where a fixture program lies in the root of a container here: "/touch", or its module
  // "/touch.wasm". The name of one that does not exist works as well.
  [[nodiscard]] std::string Program(const std::string& name) const;
  // Whether there is such a program for this backend. What no module can do has none.
  [[nodiscard]] bool HasProgram(const std::string& name) const;

  // Runs the loop until `predicate` holds; a failure of the running test and false if it does not
  // within a minute.
  bool RunUntil(const std::function<bool()>& predicate);
  // Runs what is ready now.
  void RunReady() { loop_.poll(); }

  template <typename Result>
  Result& Await(Answer<Result>& answer) {
    RunUntil([&answer] { return answer.come(); });
    return *answer;
  }

  // As if the shim had been killed and `delete` ran: a new backend in the same world. Every
  // container must have gone before.
  void ReplaceBackend();

 private:
  base::testing::TempDir temp_;
  boost::asio::io_context loop_;
  base::Log log_;
  std::unique_ptr<base::ChildReaper> reaper_;
  shim::CallLog calls_;
  BackendEntry entry_;
  std::unique_ptr<shim::Backend> backend_;
};

// Stdio of one process, with the other ends held by the test.
struct TestIo {
  TestIo();
  // The process's three ends; call once.
  shim::ProcessIo Take();
  // A terminal instead; the master arrives in `console`.
  shim::ProcessIo TakeTerminal();

  base::UniqueFd in_read, in_write, out_read, out_write, err_read, err_write;
  base::UniqueFd console;
};

// A bundle whose rootfs holds one fixture program, and the container made from it.
class Container {
 public:
  // Runs fixture PROGRAM with `args`.
  Container(BackendWorld& world, const std::string& id, const std::string& program,
            std::vector<std::string> args = {});
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  // Until Create: what the bundle is made from, and what the request says.
  oci::Spec spec;
  shim::Opaque options;
  std::string checkpoint;
  bool terminal = false;

  absl::Status Create();
  absl::StatusOr<pid_t> Start();
  absl::Status Signal(int signo, shim::SignalScope scope = shim::SignalScope::kProcess);
  absl::Status Pause();
  absl::Status Resume();
  absl::Status Update(const std::string& resources_json);
  absl::StatusOr<shim::Opaque> Sample();
  std::vector<pid_t> Pids();
  absl::Status Delete();
  // Status as a shell would see it, once the init has ended.
  unsigned AwaitExit();
  // Everything the init printed; call when no process holds the other end any more.
  std::string Output();

  [[nodiscard]] bool exited() const { return exit_.has_value(); }
  [[nodiscard]] int ooms() const { return ooms_; }
  [[nodiscard]] int ooms_before_exit() const { return ooms_before_exit_; }
  [[nodiscard]] shim::Workload& workload() { return *workload_; }
  // Lets the workload go as a dying shim does not: without Delete.
  void Abandon() { workload_.reset(); }
  [[nodiscard]] const std::string& bundle() const { return bundle_; }
  [[nodiscard]] std::string InRootfs(const std::string& name) const;
  [[nodiscard]] TestIo& io() { return io_; }

 private:
  BackendWorld& world_;
  std::string id_;
  std::string bundle_;
  TestIo io_;
  std::unique_ptr<shim::Workload> workload_;
  std::optional<base::ExitStatus> exit_;
  int ooms_ = 0;
  int ooms_before_exit_ = 0;
};

// A process in a container that runs.
class ExecInContainer {
 public:
  ExecInContainer(BackendWorld& world, Container& container, const std::string& exec_id,
                  const std::string& process_json, bool terminal = false);

  absl::StatusOr<pid_t> Start();
  absl::Status Signal(int signo);
  unsigned AwaitExit();
  std::string Output();
  [[nodiscard]] bool exited() const { return exit_.has_value(); }
  [[nodiscard]] TestIo& io() { return io_; }
  void Drop() { exec_.reset(); }

 private:
  BackendWorld& world_;
  TestIo io_;
  std::unique_ptr<shim::ExecWorkload> exec_;
  std::optional<base::ExitStatus> exit_;
};

// A process object for Exec.
std::string ProcessJson(const std::vector<std::string>& args, bool terminal = false);

}  // namespace backends::testing
