// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"
#include "fakes/containerd/command.h"
#include "fakes/containerd/shim_invoker.h"

namespace benchmarks {

// The event service of the containerd that is played, and the directories of container `id`, all
// below kWorldDirectory.
std::string EventSocketPath();
std::string BundlePath(const std::string& id);
std::string RootfsPath(const std::string& id);

// Makes bundle and root file system of `id`, whose program waits for signals.
absl::Status MakeContainerFiles(const std::string& id, const std::string& fixtures);

// JSON of a process that ends at once.
absl::StatusOr<std::string> ShortProcess();

// serialized containerd.runc.v1.Options
std::string EngineOptions(const std::string& engine);

// What runs `shim` for container `id`.
fakes::CommandSpec StartOf(fakes::StartDialect dialect, const std::string& shim,
                           const std::string& id, const std::string& engine);
fakes::CommandSpec DeleteOf(const std::string& shim, const std::string& id);

// A read end that is at EOF after `text`.
absl::StatusOr<base::UniqueFd> PipeWith(const std::string& text);

}  // namespace benchmarks
