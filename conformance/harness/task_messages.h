// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>

#include "conformance/harness/shim_under_test.h"
#include "conformance/harness/task.h"
#include "types/task.pb.h"

namespace conformance {

// From Task messages to the values of task.h.

TaskStatus ToTaskStatus(containerd::types::Status status);

// One typed call of the Task service; a response that does not decode is DATA_LOSS.
template <typename Response, typename Request>
absl::StatusOr<Response> CallTask(ShimUnderTest& shim, const char* method, const Request& request,
                                  const CallOptions& options = {}) {
  const absl::StatusOr<std::string> payload =
      shim.Call(method, request.SerializeAsString(), options);
  if (!payload.ok()) return payload.status();
  Response response;
  if (!response.ParseFromString(*payload)) {
    return absl::DataLossError(absl::StrCat("the response of ", method, " does not decode"));
  }
  return response;
}

// 0 for a message without a time and for Go's zero time (TASK-09).
std::int64_t UnixNanoseconds(const google::protobuf::Timestamp& timestamp);

template <typename Response>  // WaitResponse or DeleteResponse
ExitInfo ToExitInfo(const Response& response) {
  return {.exit_status = response.exit_status(),
          .exited_at_ns = UnixNanoseconds(response.exited_at())};
}

}  // namespace conformance
