// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace ttrpc {
namespace {

using Result = absl::StatusOr<std::string>;

class KeepingResponder : public Responder {
 public:
  explicit KeepingResponder(Result* result) : result_(result) {}
  void Respond(Result payload) override { *result_ = std::move(payload); }
  void OnAbandoned(std::function<void()>) override {}
  void Dropped() override { *result_ = absl::InternalError("dropped"); }

 private:
  Result* result_;
};

MethodHandler Saying(std::string text) {
  return [text](absl::string_view payload, const CallInfo& info,
                std::unique_ptr<Responder> responder) {
    responder->Respond(text + "(" + std::string(payload) + ")" +
                       (info.metadata.empty() ? "" : info.metadata[0].value));
  };
}

Result Dispatch(const Router& router, absl::string_view service, absl::string_view method) {
  Result result = absl::UnknownError("not answered");
  router.Dispatch(service, method, "x", {.metadata = {{"k", "!"}}},
                  std::make_unique<KeepingResponder>(&result));
  return result;
}

TEST(Router, FindsTheMethodOfTheService) {  // TT-13
  Router router;
  router.Add({"a.v1.A", {{"Get", Saying("A.Get")}, {"Set", Saying("A.Set")}}});
  router.Add({"a.v2.A", {{"Get", Saying("A2.Get")}}});
  EXPECT_EQ(*Dispatch(router, "a.v1.A", "Get"), "A.Get(x)!");
  EXPECT_EQ(*Dispatch(router, "a.v1.A", "Set"), "A.Set(x)!");
  EXPECT_EQ(*Dispatch(router, "a.v2.A", "Get"), "A2.Get(x)!");
}

TEST(Router, WhatIsNotServedIsUnimplemented) {  // TT-14
  Router router;
  EXPECT_EQ(Dispatch(router, "a.A", "Get").status().code(), absl::StatusCode::kUnimplemented);
  router.Add({"a.A", {{"Get", Saying("")}}});
  for (const auto& [service, method] : {std::pair("a.A", "Nope"),
                                        {"a.A", "get"},
                                        {"a.A", ""},
                                        {"a.a", "Get"},
                                        {"/a.A", "Get"},
                                        {"", "Get"},
                                        {"", ""}}) {
    EXPECT_EQ(Dispatch(router, service, method).status().code(), absl::StatusCode::kUnimplemented)
        << service << "/" << method;
  }
}

TEST(Router, TheLastServiceOfANameIsServed) {
  Router router;
  router.Add({"a.A", {{"Get", Saying("old")}}});
  router.Add({"a.A", {{"Get", Saying("new")}}});
  EXPECT_EQ(*Dispatch(router, "a.A", "Get"), "new(x)!");
}

}  // namespace
}  // namespace ttrpc
