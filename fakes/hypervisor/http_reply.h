// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace fakes {

struct HttpReply {
  int status = 204;
  std::string body;  // JSON; none with 204
  friend bool operator==(const HttpReply&, const HttpReply&) = default;
};

// An error as Cloud Hypervisor answers it: the body is an array of messages, from the general to
// the cause.
HttpReply ErrorReply(int status, const std::vector<std::string>& messages);

// How a reply is written. The default is what the strictest of the known clients demands: a status
// line without reason phrase, "Content-Length: " in this spelling, no length with 204.
struct ReplyForm {
  bool bare = false;     // no header but those HTTP demands
  bool chunked = false;  // Transfer-Encoding: chunked in the place of the length
  bool phrase = false;
  bool close = false;  // announces that the connection will be closed
};

std::string FormatReply(const HttpReply& reply, const ReplyForm& form = {});

}  // namespace fakes
