// SPDX-License-Identifier: Apache-2.0
#include "base/status_macros.h"

#include <absl/strings/cord.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

namespace base {
namespace {

using ::testing::HasSubstr;

TEST(ErrnoStatusTest, MapsEveryNumberTheHeaderNames) {
  const struct {
    int error_number;
    absl::StatusCode code;
  } kRows[] = {
      {ENOENT, absl::StatusCode::kNotFound},
      {ESRCH, absl::StatusCode::kNotFound},
      {EEXIST, absl::StatusCode::kAlreadyExists},
      {EINVAL, absl::StatusCode::kInvalidArgument},
      {ENAMETOOLONG, absl::StatusCode::kInvalidArgument},
      {EACCES, absl::StatusCode::kPermissionDenied},
      {EPERM, absl::StatusCode::kPermissionDenied},
      {ETIMEDOUT, absl::StatusCode::kDeadlineExceeded},
      {ENOSPC, absl::StatusCode::kResourceExhausted},
      {EDQUOT, absl::StatusCode::kResourceExhausted},
      {EMFILE, absl::StatusCode::kResourceExhausted},
      {ENFILE, absl::StatusCode::kResourceExhausted},
      {ENOMEM, absl::StatusCode::kResourceExhausted},
      {ENOSYS, absl::StatusCode::kUnimplemented},
      {EOPNOTSUPP, absl::StatusCode::kUnimplemented},
      {ECONNREFUSED, absl::StatusCode::kUnavailable},
      {ECONNRESET, absl::StatusCode::kUnavailable},
      {ECONNABORTED, absl::StatusCode::kUnavailable},
      {ENOTCONN, absl::StatusCode::kUnavailable},
      {EPIPE, absl::StatusCode::kUnavailable},
      {EIO, absl::StatusCode::kInternal},
      {123456, absl::StatusCode::kInternal},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(ErrnoStatus(row.error_number, "x").code(), row.code) << row.error_number;
  }
}

TEST(ErrnoStatusTest, SaysWhatAndWhy) {
  EXPECT_EQ(ErrnoStatus(ENOENT, "open /x").message(), "open /x: No such file or directory");
}

TEST(ErrnoStatusTest, ZeroIsOk) { EXPECT_TRUE(ErrnoStatus(0, "close").ok()); }

TEST(AnnotateTest, PutsTheContextFirstAndKeepsCodeAndPayload) {
  absl::Status status = absl::NotFoundError("no c1");
  status.SetPayload("type", absl::Cord("payload"));
  const absl::Status annotated = Annotate(status, "kill");
  EXPECT_EQ(annotated.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(annotated.message(), "kill: no c1");
  EXPECT_EQ(annotated.GetPayload("type"), absl::Cord("payload"));
}

TEST(AnnotateTest, OkStaysOk) { EXPECT_TRUE(Annotate(absl::OkStatus(), "kill").ok()); }

absl::StatusOr<std::unique_ptr<int>> Half(int number) {
  if (number % 2 != 0) return absl::InvalidArgumentError("odd");
  return std::make_unique<int>(number / 2);
}

absl::StatusOr<int> Quarter(int number) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> half, Half(number));
  std::unique_ptr<int> quarter;
  ASSIGN_OR_RETURN(quarter, Half(*half));
  return *quarter;
}

absl::Status CheckQuarter(int number, int& evaluations) {
  const auto evaluate = [&evaluations, number] {
    ++evaluations;
    return Quarter(number).status();
  };
  if (number > 0) RETURN_IF_ERROR(evaluate());
  return absl::OkStatus();
}

TEST(StatusMacrosTest, AssignMovesTheValueOrReturnsTheError) {
  ASSERT_TRUE(Quarter(12).ok());
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_THAT(std::string(Quarter(6).status().message()), HasSubstr("odd"));
  EXPECT_EQ(Quarter(7).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(StatusMacrosTest, ReturnIfErrorEvaluatesOnce) {
  int evaluations = 0;
  EXPECT_TRUE(CheckQuarter(8, evaluations).ok());
  EXPECT_EQ(evaluations, 1);
  EXPECT_FALSE(CheckQuarter(9, evaluations).ok());
  EXPECT_EQ(evaluations, 2);
}

}  // namespace
}  // namespace base
