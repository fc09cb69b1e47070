// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/router.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace ttrpc {

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
  handler->second(payload, info, std::move(responder));
}

}  // namespace ttrpc
