// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <type_traits>
#include <vector>

#include "conformance/harness/events.h"
#include "conformance/harness/matchers.h"
#include "conformance/harness/task.h"
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

namespace internal {

template <typename T>
struct IsStatusOr : std::false_type {};
template <typename T>
struct IsStatusOr<absl::StatusOr<T>> : std::true_type {};

template <typename M>
struct AsksForValue : std::false_type {};
template <typename Inner>
struct AsksForValue<IsOkAndHoldsMatcher<Inner>> : std::true_type {};

}  // namespace internal

// The code of a failed expectation that names none: by the type of `value`, and by whether the
// matcher `M` asked for an outcome or for what it holds.
template <typename M, typename T>
const char* DefaultWhyCode(const T& value) {
  if constexpr (std::is_same_v<T, absl::Status>) {
    return why::kReplyCode;
  } else if constexpr (internal::IsStatusOr<T>::value) {
    if constexpr (internal::AsksForValue<M>::value) {
      if (value.ok()) return DefaultWhyCode<void>(*value);
    }
    return why::kReplyCode;
  } else if constexpr (std::is_same_v<T, std::vector<Event>>) {
    return why::kEventOrder;
  } else if constexpr (std::is_same_v<T, ExitInfo>) {
    return why::kExitStatus;
  } else {
    return why::kReplyField;
  }
}

}  // namespace conformance
