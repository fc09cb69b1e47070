// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "conformance/harness/check_context_scope.h"
#include "conformance/harness/shim_under_test.h"
#include "fakes/containerd/container_spec.h"
#include "fakes/containerd/log_drain.h"

namespace conformance {

// The bundles of a check: makes them for fixture programs, keeps their `log` FIFOs drained into the
// history, and knows which of them a shim got to see.
class BundleStore {
 public:
  struct Entry {
    Bundle bundle;
    bool terminal = false;  // of its process
    bool whole = true;      // has the config.json this store made
    bool offered = false;   // a shim was started for it or was to create a task from it
    std::unique_ptr<fakes::LogDrain> log;
    base::UniqueFd full;  // keeps the FIFO filled
  };

  explicit BundleStore(CheckScope& scope) : scope_(scope) {}

  // Without Create.rootfs entries the spec's own root must name the guest's files (CREATE-03).
  // Ends the check with verdict error when the world does not let it be made.
  Bundle Make(const ProcessSpec& process, const BundleOptions& options, bool rootfs_is_mounted);
  // What `process` is in this world: an OCI process as JSON for Exec in a container of `bundle`,
  // whose rootfs gets the module if that is what it runs.
  std::string ProcessJson(const ProcessSpec& process, const Bundle& bundle);
  // Path at which a fixture program runs in a guest, and on the host.
  [[nodiscard]] std::string ProgramInGuest(const std::string& program) const;
  [[nodiscard]] std::string ProgramOnHost(const std::string& program) const;

  // Says in config.json that the container is one of a pod, as cri-containerd does, unless the
  // check has said so itself.
  void JoinPod(const Bundle& bundle, const std::string& sandbox_id);
  void MarkOffered(const std::string& bundle_path);
  // Whether the process of this bundle wants a terminal.
  [[nodiscard]] bool WantsTerminal(const Bundle& bundle) const;
  void CloseLog(const Bundle& bundle);
  void FillLog(const Bundle& bundle);
  // Reads what the logs hold right now, and goes on reading those a check had filled.
  void ServeLogs();
  // No descriptor of the harness stays in a bundle.
  void CloseLogs();
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // A name nobody else has in this run: "c1-5eed1f" (HARN-12).
  std::string FreshId(const char* kind);

 private:
  [[nodiscard]] fakes::ProcessRequest ToRequest(const ProcessSpec& process) const;
  [[nodiscard]] std::string ConfigJson(const Bundle& bundle, const ProcessSpec& process,
                                       const BundleOptions& options, bool rootfs_is_mounted);
  absl::Status MakeGuestDirectory(const std::string& path) const;
  absl::Status MakeOnDisk(Entry& entry, const std::string& config_json, bool log_fifo);
  // The file of fixtures/wasm that `program` is in a guest: "cat.wasm"; empty: a native program.
  [[nodiscard]] std::string ModuleOf(const std::string& program) const;
  // Ends the check if there is no such program: as skipped if it would have to be a module.
  void RequireProgram(const std::string& program);
  // Puts the module, if it is one, into the guest's root.
  void PlaceModule(const std::string& program, const Bundle& bundle);
  Entry* Find(const std::string& bundle_path);

  CheckScope& scope_;
  std::vector<Entry> entries_;
  int ids_ = 0;
};

}  // namespace conformance
