// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "conformance/harness/check_context.h"

// What the checks of sockets share (contract §2).
namespace conformance {

inline constexpr char kRuncGroup[] = "io.containerd.runc.v2.group";
inline constexpr char kCriGroup[] = "io.kubernetes.cri.sandbox-id";
inline constexpr std::chrono::seconds kShutdownDeadline{16};  // EVT-46

// The file of a unix:// address.
std::string PathOf(const std::string& address);
// Whether anything is there, not following symlinks.
bool Exists(const std::string& path);

// The address another shim of this namespace would get for `group` by the common algorithm.
std::string HashedAddress(CheckContext& check, const std::string& group);

// A bundle whose `annotation` names `group`.
Bundle Member(CheckContext& check, const std::string& annotation, const std::string& group,
              const ProcessSpec& process = Program("pause"));

// A path where the shim of `bundle` puts its socket, learnt by running that shim once; nothing of
// it is left. Skips shims that listen elsewhere than in the file system.
std::string LearnPath(CheckContext& check, const Bundle& bundle);

// The part of AddSocketReuseChecks in socket_reuse_paths.cc: what lies at or around the path.
void AddSocketPathChecks(std::vector<Check>& checks);

}  // namespace conformance
