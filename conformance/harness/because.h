// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <type_traits>
#include <vector>

#include "conformance/harness/events.h"
#include "conformance/harness/verdict.h"

namespace conformance {

// The reason an expectation exists, for the report of its failure. All parts are optional:
//   {.text = "Wait and the exit event must agree", .code = why::kExitStatus,
//    .requirement = "TASK-07"}
struct Because {
  std::string text;
  std::string code;
  std::string requirement;
};

template <typename T>
struct IsStatusOr : std::false_type {};
template <typename T>
struct IsStatusOr<absl::StatusOr<T>> : std::true_type {};

template <typename T>
const char* DefaultWhyCode() {
  if constexpr (std::is_same_v<T, absl::Status> || IsStatusOr<T>::value) {
    return why::kReplyCode;
  } else if constexpr (std::is_same_v<T, std::vector<Event>>) {
    return why::kEventOrder;
  } else {
    return why::kReplyField;
  }
}

}  // namespace conformance
