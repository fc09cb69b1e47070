// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"
#include "reference-shim/backends/wasm/module_cache.h"
#include "reference-shim/shim/backend.h"

namespace backends::testing {

// A compiler in a few lines of shell: counts its runs, keeps its arguments, and writes "code of "
// and the module to descriptor 3, unless told otherwise.
class ShellCompiler {
 public:
  explicit ShellCompiler(const base::testing::TempDir& temp);

  [[nodiscard]] const std::string& path() const { return path_; }
  // What it does instead; a shell script in whose directory are `runs` and `args`.
  void Become(absl::string_view script);
  // It waits, after it was counted, until Release() was called. Readable when one has begun to.
  int Block();
  void Release(int runs);

  [[nodiscard]] int runs() const;
  [[nodiscard]] std::string last_args() const;

 private:
  void Write(absl::string_view script);

  std::string directory_;
  std::string path_;
  base::UniqueFd gate_;
  base::UniqueFd started_;
};

// One shim's worth of surroundings for module caches; several caches in it are several shims to
// each other.
class CacheWorld {
 public:
  CacheWorld();

  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  [[nodiscard]] const base::testing::TempDir& temp() const { return temp_; }
  // Where the caches are; not there before the first use.
  [[nodiscard]] std::string directory() const { return temp_.File("state/cache"); }
  [[nodiscard]] std::vector<std::string> Files(absl::string_view suffix) const;

  [[nodiscard]] std::unique_ptr<ModuleCache> NewCache(const std::string& compiler,
                                                      std::uint64_t bytes_max = 1 << 30);
  [[nodiscard]] std::unique_ptr<ModuleCache> NewCache(ModuleCacheOptions options);
  // A file with this content, open.
  base::UniqueFd Module(absl::string_view content);

  // Runs the loop until `predicate` holds; a failure of the running test and false if it does not
  // within half a minute.
  bool RunUntil(const std::function<bool()>& predicate);
  // Lets RunUntil() look again whenever `fd` (which is emptied) has something to read; borrowed.
  void WakeBy(int fd);
  void RunReady() {
    loop_.restart();
    loop_.poll();
  }

  // Get, and the loop until the answer has come.
  absl::StatusOr<ModuleArtefact> Get(ModuleCache& cache, absl::string_view content,
                                     absl::string_view config = "default");
  absl::StatusOr<ModuleArtefact> Get(ModuleCache& cache, base::UniqueFd module,
                                     absl::string_view config = "default");

 private:
  base::testing::TempDir temp_;
  boost::asio::io_context loop_;
  base::Log log_;
  std::unique_ptr<base::ChildReaper> reaper_;
  shim::BackendContext context_;
  int modules_ = 0;
  boost::asio::posix::stream_descriptor wake_{loop_};
};

// What an artefact holds; "?" and the error's name if there is none.
std::string CodeOf(const absl::StatusOr<ModuleArtefact>& artefact);

}  // namespace backends::testing
