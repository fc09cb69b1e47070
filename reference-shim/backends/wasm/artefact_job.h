// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/child_reaper.h"
#include "base/fork.h"
#include "base/unique_fd.h"
#include "reference-shim/backends/wasm/cache_directory.h"
#include "reference-shim/backends/wasm/compiler_run.h"
#include "reference-shim/backends/wasm/file_hash.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// How many compilers work together; the others wait in the order they came.
class CompilerSlots {
 public:
  explicit CompilerSlots(std::size_t free) : free_(free) {}

  // `granted` is called at once or from a Release(). One that is dropped meanwhile (a guarded
  // callback) hands its slot on.
  void Acquire(std::function<bool()> granted);
  void Release();

 private:
  std::size_t free_;
  std::deque<std::function<bool()>> waiting_;
};

// Gets the code of one module whose key is known: finds it in the directory, waits for whoever
// compiles it, or compiles it. Destroying it ends what is under way and drops the continuation.
class ArtefactJob {
 public:
  struct Order {
    std::string key;
    std::string digest;  // of the module
    std::string config;
    std::string compiler;
    std::uint64_t bytes_max = 0;  // of the directory
    base::UniqueFd module;
  };
  struct Result {
    base::UniqueFd code;
    bool compiled = false;
  };

  // All but `order` borrowed.
  ArtefactJob(const shim::BackendContext& context, CacheDirectory& directory, CompilerSlots& slots,
              Order order);
  ~ArtefactJob();
  ArtefactJob(const ArtefactJob&) = delete;
  ArtefactJob& operator=(const ArtefactJob&) = delete;

  // `done` may come at once.
  void Start(shim::Done<Result> done);

 private:
  void Look();
  void Verify();
  void Miss();
  void Lock();
  void AwaitLock();
  void Compile();
  void Keep(base::UniqueFd code);
  void End(absl::StatusOr<Result> result);

  const shim::BackendContext& context_;
  CacheDirectory& directory_;
  CompilerSlots& slots_;
  Order order_;
  shim::Done<Result> done_;
  bool has_slot_ = false;
  bool waited_ = false;  // for another shim's compiler
  base::UniqueFd lock_;  // ok(): nobody else compiles it
  CacheDirectory::Found found_;
  std::optional<FileIdentity> distrusted_;  // found, and not what its record says
  std::optional<base::Fork> waiter_;
  base::ChildReaper::Watch waiter_exit_;
  shim::Deadline deadline_;
  std::unique_ptr<CompilerRun> compiler_;
  base::UniqueFd compiled_;  // code on its way to the directory
  std::optional<CacheDirectory::Draft> draft_;
  std::unique_ptr<FileHash> hash_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
