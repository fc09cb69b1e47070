// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "fakes/engine/container_store.h"

// The processes of a container: through its cgroup where it has one, else through its pid namespace
// and descent (container/process_tree.h).
namespace fakes {

enum class ContainerStatus { kCreated, kRunning, kPaused, kStopped };
absl::string_view StatusName(ContainerStatus status);

ContainerStatus StatusOf(const ContainerStore& store, const ContainerRecord& record);

// Whether the init still runs, and is not another process with its pid.
bool InitAlive(const ContainerRecord& record);

absl::StatusOr<std::vector<pid_t>> ProcessesOf(const ContainerStore& store,
                                               const ContainerRecord& record);

// NOT_FOUND if there is no process.
absl::Status SignalAllOf(const ContainerStore& store, const ContainerRecord& record, int signo);

// Kills everything and waits until it has ended: DEADLINE_EXCEEDED after kEndMsMax.
absl::Status EndAllOf(const ContainerStore& store, const ContainerRecord& record);

// By the freezer, else by SIGSTOP and SIGCONT.
absl::Status PauseAllOf(const ContainerStore& store, const ContainerRecord& record);
absl::Status ResumeAllOf(const ContainerStore& store, const ContainerRecord& record);

}  // namespace fakes
