// SPDX-License-Identifier: Apache-2.0
#include "containerd/envelope.h"

#include "base/status_macros.h"
#include "containerd/identifiers.h"
#include "containerd/timestamps.h"
#include "containerd/topics.h"

namespace containerd {

absl::Status ValidateEnvelope(const Envelope& envelope) {
  RETURN_IF_ERROR(base::Annotate(ValidateIdentifier(envelope.namespace_()), "namespace"));
  RETURN_IF_ERROR(ValidateTopic(envelope.topic()));
  if (!FromTimestamp(envelope.timestamp())) {
    return absl::InvalidArgumentError("timestamp is not set");
  }
  return absl::OkStatus();
}

}  // namespace containerd
