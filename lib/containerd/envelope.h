// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "services/events/ttrpc.pb.h"

namespace containerd {

using Envelope = services::events::ttrpc::v1::Envelope;

// What containerd checks before it accepts an event (EVT-02): a valid namespace, a valid topic and
// a timestamp. INVALID_ARGUMENT names the field.
absl::Status ValidateEnvelope(const Envelope& envelope);

}  // namespace containerd
