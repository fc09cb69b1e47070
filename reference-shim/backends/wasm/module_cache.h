// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "reference-shim/backends/wasm/cache_record.h"
#include "reference-shim/backends/wasm/limits.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// On disk, shared by all shims of the host, kept over reboots.
inline constexpr char kModuleCacheDirectory[] = "/var/cache/shimgauge/wasm";
// Until the next boot.
inline constexpr char kVolatileModuleCacheDirectory[] = "/run/shimgauge/wasm";

struct ModuleCacheOptions {
  std::string directory = kModuleCacheDirectory;
  // Used instead, with a warning, where `directory` cannot be made or entered (a read-only file
  // system, a user without rights to it), but not where it is unsafe. Empty: none.
  std::string volatile_directory = kVolatileModuleCacheDirectory;
  std::string compiler;  // absolute path of shimgauge-wasm-compile
  // Of all artefacts together. Beyond it those go that were not asked for longest.
  std::uint64_t bytes_max = kModuleCacheBytesMax;
  // By the f_type of a module's file system: whether its digest may be remembered. Tests have
  // their own.
  std::function<bool(std::int64_t)> has_kernel_ctime = &CtimeIsTheKernels;
};

// Native code of one module.
struct ModuleArtefact {
  // Read-only, fit for WasmEngine::Load by its /proc/self/fd path. The file never changes, and
  // stays what it is when the cache drops or replaces it.
  base::UniqueFd code;
  std::string key;        // for Forget()
  bool compiled = false;  // for this call; false: it was there
};

// Turns modules into native code, each once per host, engine version, configuration and CPU. One
// thread: compiling and waiting for another shim that compiles the same module happen in children.
//
// The directory belongs to this user alone (0700; anything else is refused, never repaired), so
// that nobody else can have written what is loaded. Besides, every artefact has a record of its
// size and SHA-256; one that does not match is compiled anew. Files appear by rename and are never
// written again.
class ModuleCache {
 public:
  // `context` is borrowed. Nothing is touched on disk before the first Get.
  ModuleCache(const shim::BackendContext& context, ModuleCacheOptions options);
  ~ModuleCache();  // ends compilers under way; their `done` are dropped
  ModuleCache(const ModuleCache&) = delete;
  ModuleCache& operator=(const ModuleCache&) = delete;

  // The code of `module` (an open regular file: binary or text, module or component) in `config`
  // (stage/wasm_config.h). `done` comes at once for one that is there and whose file was seen
  // before, where time stamps tell so (CtimeIsTheKernels()); else it is read, and `done` may come
  // from the loop. Errors: INVALID_ARGUMENT with the compiler's words for what is no sound module;
  // RESOURCE_EXHAUSTED for one that is too large or takes too much memory to compile, and for a
  // full disk; DEADLINE_EXCEEDED; FAILED_PRECONDITION for an unsafe directory; NOT_FOUND without
  // the compiler.
  void Get(base::UniqueFd module, absl::string_view config, shim::Done<ModuleArtefact> done);

  // For an artefact that an engine refused to load (FAILED_PRECONDITION of WasmEngine::Load): the
  // next Get compiles again.
  void Forget(const std::string& key);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace backends
