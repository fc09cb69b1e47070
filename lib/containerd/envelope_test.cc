// SPDX-License-Identifier: Apache-2.0
#include "containerd/envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "containerd/timestamps.h"

namespace containerd {
namespace {

using ::testing::HasSubstr;

Envelope ValidEnvelope() {
  Envelope envelope;
  *envelope.mutable_timestamp() = ToTimestamp(std::chrono::system_clock::now());
  envelope.set_namespace_("default");
  envelope.set_topic("/tasks/exit");
  envelope.mutable_event()->set_type_url("containerd.events.TaskExit");
  return envelope;
}

std::string Refusal(const Envelope& envelope) {
  const absl::Status status = ValidateEnvelope(envelope);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(EnvelopeTest, AcceptsACompleteOne) { EXPECT_TRUE(ValidateEnvelope(ValidEnvelope()).ok()); }

TEST(EnvelopeTest, NamesWhatIsWrong) {
  Envelope envelope = ValidEnvelope();
  envelope.set_namespace_("");
  EXPECT_THAT(Refusal(envelope), HasSubstr("namespace"));

  envelope = ValidEnvelope();
  envelope.set_topic("tasks/exit");
  EXPECT_THAT(Refusal(envelope), HasSubstr("topic"));

  envelope = ValidEnvelope();
  envelope.clear_timestamp();
  EXPECT_THAT(Refusal(envelope), HasSubstr("timestamp"));

  envelope = ValidEnvelope();
  envelope.mutable_timestamp()->set_seconds(kGoZeroTimeSeconds);
  envelope.mutable_timestamp()->set_nanos(0);
  EXPECT_THAT(Refusal(envelope), HasSubstr("timestamp"));
}

}  // namespace
}  // namespace containerd
