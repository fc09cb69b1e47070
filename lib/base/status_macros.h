// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <utility>

namespace base {

// The one place that maps errno to canonical codes (ENOENT -> NOT_FOUND, EEXIST -> ALREADY_EXISTS,
// EINVAL/ENAMETOOLONG -> INVALID_ARGUMENT, EACCES/EPERM -> PERMISSION_DENIED, ETIMEDOUT ->
// DEADLINE_EXCEEDED, ENOSPC/EDQUOT/EMFILE/ENFILE/ENOMEM -> RESOURCE_EXHAUSTED, ESRCH -> NOT_FOUND,
// ENOSYS/EOPNOTSUPP -> UNIMPLEMENTED, refused, reset, aborted or absent connections and EPIPE ->
// UNAVAILABLE, 0 -> OK, others -> INTERNAL). Message: "<what>: <strerror>".
absl::Status ErrnoStatus(int error_number, absl::string_view what);

// The same code, with "<context>: " before the message. OK stays OK.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

}  // namespace base

// Returns from the enclosing function (which returns Status or StatusOr) when `expr` is not OK.
#define RETURN_IF_ERROR(expr)                                \
  do {                                                       \
    absl::Status status_macro_value = (expr);                \
    if (!status_macro_value.ok()) return status_macro_value; \
  } while (false)

#define STATUS_MACROS_CONCAT_INNER(a, b) a##b
#define STATUS_MACROS_CONCAT(a, b) STATUS_MACROS_CONCAT_INNER(a, b)

// ASSIGN_OR_RETURN(auto x, F()): declares or assigns `x` from a StatusOr, or returns its status.
#define ASSIGN_OR_RETURN(lhs, expr) \
  ASSIGN_OR_RETURN_INNER(STATUS_MACROS_CONCAT(status_or_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_INNER(result, lhs, expr)      \
  auto result = (expr);                                \
  if (!result.ok()) return std::move(result).status(); \
  lhs = *std::move(result)
