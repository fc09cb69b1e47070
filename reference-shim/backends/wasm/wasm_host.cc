// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/wasm_host.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "reference-shim/stage/stage_plan.h"

namespace backends {
namespace {

constexpr char kCompiler[] = "shimgauge-wasm-compile";
// For hosts whose /var is not to be written to.
constexpr char kCacheVariable[] = "SHIMGAUGE_WASM_CACHE";

}  // namespace

absl::StatusOr<std::string> FindCompanion(const std::string& name) {
  std::vector<std::string> directories;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) directories.push_back(self.parent_path().string());
  const char* search = std::getenv("PATH");
  for (const absl::string_view entry : absl::StrSplit(search != nullptr ? search : "", ':')) {
    if (absl::StartsWith(entry, "/")) directories.emplace_back(entry);
  }
  for (const std::string& directory : directories) {
    std::string path = absl::StrCat(directory, "/", name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return absl::NotFoundError(
      absl::StrCat(name, " is not installed: neither beside the shim nor in PATH"));
}

WasmHost::WasmHost(const shim::BackendContext& shim_context) : context(shim_context) {}

const container::CgroupMounts& WasmHost::Cgroups() {
  if (!cgroups_.has_value()) {
    absl::StatusOr<container::CgroupMounts> mounts = container::CgroupMounts::Read();
    if (!mounts.ok()) context.log.Warning("cgroups: ", mounts.status().message());
    cgroups_ = mounts.ok() ? *std::move(mounts) : container::CgroupMounts();
  }
  return *cgroups_;
}

absl::StatusOr<ModuleCache*> WasmHost::Modules() {
  if (modules_ == nullptr) {
    ModuleCacheOptions options;
    ASSIGN_OR_RETURN(options.compiler, FindCompanion(kCompiler));
    const char* directory = std::getenv(kCacheVariable);
    if (directory != nullptr && directory[0] == '/') options.directory = directory;
    modules_ = std::make_unique<ModuleCache>(context, std::move(options));
  }
  return modules_.get();
}

absl::StatusOr<std::string> WasmHost::StageProgram() {
  if (stage_program_.empty()) {
    ASSIGN_OR_RETURN(stage_program_, FindCompanion(stage::kStageProgram));
  }
  return stage_program_;
}

}  // namespace backends
