// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace fakes {

// A request of the API as it was received.
struct HttpRequest {
  std::string method;  // "PUT"
  std::string target;  // "/api/v1/vm.boot"
  std::string body;
  bool keep_alive = true;
  std::vector<base::UniqueFd> files;  // came with its bytes (SCM_RIGHTS)
};

}  // namespace fakes
