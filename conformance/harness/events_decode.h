// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conformance/harness/events.h"
#include "fakes/containerd/event_sink.h"

namespace conformance {

// Decodes the payload by its type (contract 5.2). An unknown or undecodable one leaves the
// payload's fields empty and `decodable` false for a topic whose message is known.
Event DecodeEvent(const fakes::ForwardedEvent& forwarded);

}  // namespace conformance
