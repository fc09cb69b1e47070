// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vm {

// Where a machine has no vsock, the agent is at the guest's end of the virtio-serial port of this
// name: one stream, hence one connection in the machine's life.
inline constexpr char kAgentPortName[] = "agent.channel.0";

// Behind this one is the same agent, for one after another, by the lines of hybrid vsock.
inline constexpr char kVisitorPortName[] = "agent.visitor.0";

// The tag of the virtio-fs device by which host and guest share a directory.
inline constexpr char kSharedTag[] = "kataShared";

}  // namespace vm
