// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <memory>
#include <optional>

#include "fakes/hypervisor/http_request.h"

namespace fakes {

// Requests out of a stream of bytes, however it is cut (HTTP/1.0 and 1.1, with length or in
// chunks). Does no I/O.
class HttpReader {
 public:
  HttpReader();
  ~HttpReader();
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;

  // Adds bytes. INVALID_ARGUMENT if they are no HTTP, or more than limits.h allows; from then on
  // the reader is of no further use. What is text is judged when the head is complete.
  absl::Status Feed(absl::string_view bytes);

  // The next complete request, without files. What comes behind it is kept; ask until there is
  // none, and Feed() says whether that was an error.
  std::optional<HttpRequest> Next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fakes
