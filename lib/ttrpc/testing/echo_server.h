// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <utility>

#include "ttrpc/testing/echo.ttrpc.h"

namespace ttrpc::testing {

// Echo, with calls that hang kept for the test to answer.
class EchoServer : public ttrpc::v1::EchoService {
 public:
  void Say(const types::Text& request, const ::ttrpc::CallInfo&,
           ::ttrpc::Reply<types::Text> reply) override {
    std::move(reply)(request);
  }
  void Fail(const ttrpc::v1::FailRequest& request, const ::ttrpc::CallInfo&,
            ::ttrpc::Reply<google::protobuf::Empty> reply) override {
    std::move(reply)(
        absl::Status(static_cast<absl::StatusCode>(request.code()), request.message()));
  }
  void Hang(const google::protobuf::Empty&, const ::ttrpc::CallInfo&,
            ::ttrpc::Reply<google::protobuf::Empty> reply) override {
    reply.OnAbandoned([this] {
      ++abandoned;
      if (on_abandoned) on_abandoned();
    });
    hanging.push_back(std::move(reply));
    if (on_hang) on_hang();
  }
  void Describe(const google::protobuf::Empty&, const ::ttrpc::CallInfo& call,
                ::ttrpc::Reply<ttrpc::v1::Description> reply) override {
    ttrpc::v1::Description description;
    for (const Metadata& entry : call.metadata) {
      auto* added = description.add_metadata();
      added->set_key(entry.key);
      added->set_value(entry.value);
    }
    description.set_has_deadline(call.deadline.has_value());
    std::move(reply)(description);
  }

  std::deque<::ttrpc::Reply<google::protobuf::Empty>> hanging;
  std::function<void()> on_hang;
  std::function<void()> on_abandoned;
  int abandoned = 0;
};

}  // namespace ttrpc::testing
