// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/router.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace ttrpc {
namespace {

class ObservedResponder : public Responder {
 public:
  ObservedResponder(std::unique_ptr<Responder> inner,
                    std::function<void(const absl::Status&)> answered)
      : inner_(std::move(inner)), answered_(std::move(answered)) {}

  void Respond(absl::StatusOr<std::string> payload) override {
    answered_(payload.status());
    inner_->Respond(std::move(payload));
  }
  void OnAbandoned(std::function<void()> callback) override {
    inner_->OnAbandoned(std::move(callback));
  }
  void Dropped() override {
    answered_(absl::InternalError("not answered"));
    inner_->Dropped();
  }

 private:
  std::unique_ptr<Responder> inner_;
  std::function<void(const absl::Status&)> answered_;
};

}  // namespace

void Router::Add(BoundService service) {
  std::string name = service.name;
  services_.insert_or_assign(std::move(name), std::move(service));
}

void Router::Dispatch(absl::string_view service, absl::string_view method,
                      absl::string_view payload, const CallInfo& info,
                      std::unique_ptr<Responder> responder) const {
  const auto bound = services_.find(service);
  if (bound == services_.end()) {
    responder->Respond(absl::UnimplementedError(absl::StrCat("service ", service)));
    return;
  }
  const auto handler = bound->second.methods.find(method);
  if (handler == bound->second.methods.end()) {
    responder->Respond(absl::UnimplementedError(absl::StrCat("method ", method)));
    return;
  }
  if (observer_) {
    std::function<void(const absl::Status&)> answered = observer_(service, method, payload);
    if (answered) {
      responder = std::make_unique<ObservedResponder>(std::move(responder), std::move(answered));
    }
  }
  handler->second(payload, info, std::move(responder));
}

}  // namespace ttrpc
