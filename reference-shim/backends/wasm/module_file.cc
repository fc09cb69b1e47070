// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/module_file.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "container/root_path.h"
#include "reference-shim/backends/wasm/wasm_options.h"
#include "reference-shim/stage/module_kind.h"
#include "reference-shim/stage/wasm_config.h"

namespace backends {
namespace {

absl::StatusOr<base::UniqueFd> OpenDirectory(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  return fd;
}

bool IsBind(const oci::Mount& mount) {
  return mount.type == "bind" ||
         std::count(mount.options.begin(), mount.options.end(), "bind") > 0 ||
         std::count(mount.options.begin(), mount.options.end(), "rbind") > 0;
}

absl::Status ExecError(absl::string_view program, absl::StatusCode code, absl::string_view why) {
  return absl::Status(code, absl::StrCat("exec: \"", program, "\": ", why));
}

// O_PATH. What is bound over the path, or over one of its directories, hides what is beneath.
absl::StatusOr<base::UniqueFd> Find(const ModuleRoot& root, absl::string_view path) {
  const oci::Mount* bind = nullptr;
  for (const oci::Mount& mount : root.binds) {
    const absl::string_view inside = mount.destination;
    if (path != inside && !absl::StartsWith(path, absl::StrCat(inside, "/"))) continue;
    if (bind == nullptr || bind->destination.size() <= inside.size()) bind = &mount;
  }
  if (bind == nullptr) return container::OpenBelow(root.directory, path);
  if (path == bind->destination) {
    base::UniqueFd file(::open(bind->source.c_str(), O_PATH | O_CLOEXEC));
    if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", bind->source));
    return file;
  }
  ASSIGN_OR_RETURN(const base::UniqueFd directory, OpenDirectory(bind->source));
  return container::OpenBelow(directory, path.substr(bind->destination.size() + 1));
}

// Opened by what it is, so that a FIFO or a device is never opened at all.
absl::StatusOr<base::UniqueFd> OpenRegular(const base::UniqueFd& found) {
  struct stat info {};
  if (::fstat(found.get(), &info) != 0) return base::ErrnoStatus(errno, "stat");
  if (!S_ISREG(info.st_mode)) return absl::PermissionDeniedError("not a regular file");
  base::UniqueFd file(::open(container::ProcPath(found).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return base::ErrnoStatus(errno, "open");
  return file;
}

bool BeginsAsWasm(const base::UniqueFd& file) {
  const absl::StatusOr<stage::FileKind> kind = stage::KindOfFile(file.get());
  return kind.ok() && (*kind == stage::FileKind::kModule || *kind == stage::FileKind::kComponent ||
                       *kind == stage::FileKind::kForeignWasm);
}

std::vector<std::string> Candidates(const oci::Process& process, const std::string& path) {
  if (absl::StartsWith(path, "/")) return {path};
  const std::string here = absl::StrCat(process.cwd == "/" ? "" : process.cwd, "/", path);
  if (absl::StrContains(path, '/')) return {here};
  std::vector<std::string> candidates;
  for (const std::string& entry : process.env) {
    if (!absl::StartsWith(entry, "PATH=")) continue;
    candidates.clear();
    for (const absl::string_view directory : absl::StrSplit(entry.substr(5), ':')) {
      if (absl::StartsWith(directory, "/"))
        candidates.push_back(absl::StrCat(directory, "/", path));
    }
  }
  candidates.push_back(here);
  return candidates;
}

}  // namespace

ModuleName ParseModuleName(absl::string_view argument) {
  const std::size_t mark = argument.find('#');
  if (mark == absl::string_view::npos) return {.path = std::string(argument), .entry = ""};
  return {.path = std::string(argument.substr(0, mark)),
          .entry = std::string(argument.substr(mark + 1))};
}

bool NamesWasm(const ModuleName& name) {
  return absl::EndsWith(name.path, ".wasm") || absl::EndsWith(name.path, ".wat");
}

absl::StatusOr<ModuleRoot> RootOfBundle(const oci::Spec& spec, const std::string& bundle) {
  const std::string path = absl::StartsWith(spec.root.path, "/")
                               ? spec.root.path
                               : absl::StrCat(bundle, "/", spec.root.path);
  ModuleRoot root;
  ASSIGN_OR_RETURN(root.directory, OpenDirectory(path));
  for (const oci::Mount& mount : spec.mounts) {
    if (!IsBind(mount)) continue;
    root.binds.push_back(mount);
    std::string& source = root.binds.back().source;
    if (!absl::StartsWith(source, "/")) source = absl::StrCat(bundle, "/", source);
  }
  return root;
}

absl::StatusOr<ModuleRoot> RootOfProcess(pid_t pid) {
  ModuleRoot root;
  ASSIGN_OR_RETURN(root.directory, OpenDirectory(absl::StrCat("/proc/", pid, "/root")));
  return root;
}

absl::StatusOr<base::UniqueFd> OpenModule(const ModuleRoot& root, const oci::Process& process,
                                          const ModuleName& name) {
  absl::Status failure = absl::NotFoundError("no such file or directory");
  for (const std::string& path : Candidates(process, name.path)) {
    const absl::StatusOr<base::UniqueFd> found = Find(root, path);
    if (absl::IsNotFound(found.status())) continue;
    absl::StatusOr<base::UniqueFd> file = found.ok() ? OpenRegular(*found) : found.status();
    if (file.ok()) return file;
    failure = file.status();
  }
  return ExecError(name.path, failure.code(), failure.message());
}

absl::Status RequireWasm(const base::UniqueFd& file, const ModuleName& name) {
  if (NamesWasm(name) || BeginsAsWasm(file)) return absl::OkStatus();
  return ExecError(name.path, absl::StatusCode::kFailedPrecondition,
                   "not a Wasm module, and this container runs nothing else");
}

std::string WasmConfigOf(const oci::Process& process, bool fuel) {
  // The address space is limited, so a memory must not reserve 4 GiB of it beforehand.
  const bool small_reservation =
      std::any_of(process.rlimits.begin(), process.rlimits.end(),
                  [](const oci::Rlimit& limit) { return limit.type == "RLIMIT_AS"; });
  return stage::WasmConfigFor(small_reservation, fuel).name;
}

bool IsWasmTask(const oci::Spec& spec, const std::string& bundle) {
  if (DemandsWasm(spec.annotations)) return true;
  if (spec.process.args.empty()) return false;
  const ModuleName name = ParseModuleName(spec.process.args.front());
  if (NamesWasm(name)) return true;
  const absl::StatusOr<ModuleRoot> root = RootOfBundle(spec, bundle);
  if (!root.ok()) return false;
  const absl::StatusOr<base::UniqueFd> file = OpenModule(*root, spec.process, name);
  return file.ok() && BeginsAsWasm(*file);
}

}  // namespace backends
