// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <gmock/gmock-matchers.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace conformance {

// Matchers for the outcome of a call: absl::Status and absl::StatusOr<T> alike, in EXPECT_THAT of
// checks and of unit tests. Failures name codes in words ("NOT_FOUND") and quote the message.
//
//   check.EXPECT_THAT(task.Start(), IsOk());
//   check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
//   check.EXPECT_THAT(task.Delete(), Refused(absl::StatusCode::kFailedPrecondition,
//                                            absl::StatusCode::kUnknown));
//   check.EXPECT_THAT(task.State(), HasCode(absl::StatusCode::kNotFound));

namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Matches by code: one of `codes`, or any but OK when `codes` is empty.
class CodeMatcher {
 public:
  using is_gtest_matcher = void;

  explicit CodeMatcher(std::vector<absl::StatusCode> codes) : codes_(std::move(codes)) {}

  template <typename T>
  bool MatchAndExplain(const T& outcome, ::testing::MatchResultListener* /*listener*/) const {
    const absl::StatusCode code = StatusOf(outcome).code();
    if (codes_.empty()) return code != absl::StatusCode::kOk;
    return std::find(codes_.begin(), codes_.end(), code) != codes_.end();
  }
  void DescribeTo(std::ostream* out) const {
    if (codes_.empty()) {
      *out << "an error";
    } else {
      DescribeCodes("ends with ", out);
    }
  }
  void DescribeNegationTo(std::ostream* out) const {
    if (codes_.empty()) {
      *out << "OK";
    } else {
      DescribeCodes("does not end with ", out);
    }
  }

 private:
  void DescribeCodes(const char* words, std::ostream* out) const {
    *out << words;
    for (std::size_t i = 0; i < codes_.size(); ++i) {
      *out << (i == 0 ? "" : " or ") << absl::StatusCodeToString(codes_[i]);
    }
  }

  std::vector<absl::StatusCode> codes_;
};

template <typename Inner>
class IsOkAndHoldsMatcher {
 public:
  explicit IsOkAndHoldsMatcher(Inner inner) : inner_(std::move(inner)) {}

  template <typename Outcome>
  operator ::testing::Matcher<Outcome>() const {  // NOLINT(google-explicit-constructor)
    return ::testing::Matcher<Outcome>(new Impl<Outcome>(inner_));
  }

 private:
  template <typename Outcome>
  class Impl : public ::testing::MatcherInterface<Outcome> {
   public:
    using Value = typename std::remove_cv_t<std::remove_reference_t<Outcome>>::value_type;

    explicit Impl(const Inner& inner) : inner_(::testing::SafeMatcherCast<const Value&>(inner)) {}
    bool MatchAndExplain(Outcome outcome, ::testing::MatchResultListener* listener) const override {
      return outcome.ok() && inner_.MatchAndExplain(*outcome, listener);
    }
    void DescribeTo(std::ostream* out) const override {
      *out << "is OK and holds a value that ";
      inner_.DescribeTo(out);
    }
    void DescribeNegationTo(std::ostream* out) const override {
      *out << "is an error or holds a value that ";
      inner_.DescribeNegationTo(out);
    }

   private:
    ::testing::Matcher<const Value&> inner_;
  };

  Inner inner_;
};

template <typename T>
std::string PrintOutcome(const absl::StatusOr<T>& result) {
  return result.ok() ? "OK: " + ::testing::PrintToString(*result) : result.status().ToString();
}
inline std::string PrintOutcome(const absl::Status& status) { return status.ToString(); }
template <typename T>
std::string PrintOutcome(const T& value) {
  return ::testing::PrintToString(value);
}

}  // namespace internal

inline internal::CodeMatcher HasCodeIn(std::vector<absl::StatusCode> codes) {
  return internal::CodeMatcher(std::move(codes));
}
inline internal::CodeMatcher HasCode(absl::StatusCode code) { return HasCodeIn({code}); }
inline internal::CodeMatcher IsOk() { return HasCode(absl::StatusCode::kOk); }
// Any code but OK, for rules that leave the code open.
inline internal::CodeMatcher IsError() { return internal::CodeMatcher({}); }
// An error among `codes`: HasCodeIn spelled without braces.
template <typename... Codes>
internal::CodeMatcher Refused(Codes... codes) {
  static_assert(sizeof...(codes) > 0, "name the codes, or say IsError()");
  return HasCodeIn({codes...});
}

// OK, with a value that `inner` (a matcher or a value) accepts. For StatusOr only.
template <typename Inner>
internal::IsOkAndHoldsMatcher<std::decay_t<Inner>> IsOkAndHolds(Inner&& inner) {
  return internal::IsOkAndHoldsMatcher<std::decay_t<Inner>>(std::forward<Inner>(inner));
}

// How reports quote a value: the code's name and message of a Status or of a failed StatusOr, else
// the value as gtest prints it.
template <typename T>
std::string Printed(const T& value) {
  return internal::PrintOutcome(value);
}

}  // namespace conformance
