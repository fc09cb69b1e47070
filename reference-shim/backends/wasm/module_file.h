// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "oci/spec.h"

// Which Wasm module a process is, looked up from outside its container.
namespace backends {

// args[0] of a process: "path" or "path#function".
struct ModuleName {
  std::string path;
  std::string entry;  // empty: the module's own
  friend bool operator==(const ModuleName&, const ModuleName&) = default;
};
ModuleName ParseModuleName(absl::string_view argument);

// Ends in .wasm or .wat.
bool NamesWasm(const ModuleName& name);

// The container's files: its root directory, and what will be bound into it, if it is still to be.
struct ModuleRoot {
  base::UniqueFd directory;       // O_PATH
  std::vector<oci::Mount> binds;  // sources absolute
};

// Before the container's mounts are made. Errors name the path.
absl::StatusOr<ModuleRoot> RootOfBundle(const oci::Spec& spec, const std::string& bundle);
// Of the process `pid`, mounts and all.
absl::StatusOr<ModuleRoot> RootOfProcess(pid_t pid);

// Opens the module for reading: an absolute path; one relative to process.cwd; or, without a slash,
// a name in the PATH of process.env, then in process.cwd. It is looked up as inside the container
// and cannot lead out of it. Only regular files are opened. NOT_FOUND and others are worded as OCI
// engines word them: `exec: "/x.wasm": no such file or directory`.
absl::StatusOr<base::UniqueFd> OpenModule(const ModuleRoot& root, const oci::Process& process,
                                          const ModuleName& name);

// FAILED_PRECONDITION for a file that is neither named nor made as Wasm is: `exec: "/bin/sh": not a
// Wasm module`.
absl::Status RequireWasm(const base::UniqueFd& file, const ModuleName& name);

// The configuration (stage/wasm_config.h) that a process needs.
std::string WasmConfigOf(const oci::Process& process, bool fuel);

// Whether the init of a container is a Wasm guest: annotations demand it, args[0] says so, or names
// a file that begins as a Wasm binary does. A file that cannot be found is none.
bool IsWasmTask(const oci::Spec& spec, const std::string& bundle);

}  // namespace backends
