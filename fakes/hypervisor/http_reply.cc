// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/http_reply.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include "oci/json_text.h"

namespace fakes {
namespace {

constexpr std::size_t kChunkBytes = 7;  // so that few bodies fit into one

absl::string_view PhraseOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    default:
      return "Unknown";
  }
}

std::string InChunks(absl::string_view body) {
  std::string text;
  while (!body.empty()) {
    const absl::string_view piece = body.substr(0, kChunkBytes);
    absl::StrAppend(&text, absl::Hex(piece.size()), "\r\n", piece, "\r\n");
    body.remove_prefix(piece.size());
  }
  return absl::StrCat(text, "0\r\n\r\n");
}

}  // namespace

HttpReply ErrorReply(int status, const std::vector<std::string>& messages) {
  const auto quote = [](std::string* out, const std::string& message) {
    out->append(oci::JsonQuote(message));
  };
  return {.status = status, .body = absl::StrCat("[", absl::StrJoin(messages, ",", quote), "]")};
}

std::string FormatReply(const HttpReply& reply, const ReplyForm& form) {
  std::string text = absl::StrCat("HTTP/1.1 ", reply.status, " ",
                                  form.phrase ? PhraseOf(reply.status) : "", "\r\n");
  if (!form.bare) {
    absl::StrAppend(&text, "Server: Cloud Hypervisor API\r\nConnection: ",
                    form.close ? "close" : "keep-alive", "\r\n");
  } else if (form.close) {
    absl::StrAppend(&text, "Connection: close\r\n");
  }
  if (reply.status == 204) return absl::StrCat(text, "\r\n");
  if (!form.bare) absl::StrAppend(&text, "Content-Type: application/json\r\n");
  if (form.chunked) {
    return absl::StrCat(text, "Transfer-Encoding: chunked\r\n\r\n", InChunks(reply.body));
  }
  return absl::StrCat(text, "Content-Length: ", reply.body.size(), "\r\n\r\n", reply.body);
}

}  // namespace fakes
