// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/testing/kata_clients.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <map>

#include "base/status_macros.h"

namespace fakes::testing {
namespace {

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool close = false;
};

// As net/http reads it: any legal HTTP/1.1.
class GoReader {
 public:
  explicit GoReader(BlockingSocket& socket) : socket_(socket) {}

  absl::StatusOr<Response> Read() {
    Response response;
    ASSIGN_OR_RETURN(const std::string status, Line());
    const std::vector<std::string> words = absl::StrSplit(status, absl::MaxSplits(' ', 2));
    if (words.size() < 2 || !absl::StartsWith(words[0], "HTTP/1.") || words[1].size() != 3 ||
        !absl::SimpleAtoi(words[1], &response.status)) {
      return absl::InternalError(absl::StrCat("malformed HTTP response \"", status, "\""));
    }
    for (;;) {
      ASSIGN_OR_RETURN(const std::string line, Line());
      if (line.empty()) break;
      const std::pair<std::string, std::string> header =
          absl::StrSplit(line, absl::MaxSplits(':', 1));
      response.headers[absl::AsciiStrToLower(header.first)] =
          std::string(absl::StripAsciiWhitespace(header.second));
    }
    response.close = response.headers["connection"] == "close";
    if (response.status == 204) return response;
    if (response.headers["transfer-encoding"] == "chunked") {
      RETURN_IF_ERROR(ReadChunks(response.body));
    } else {
      std::size_t length = 0;
      if (!absl::SimpleAtoi(response.headers["content-length"], &length)) {
        return absl::InternalError("no length");
      }
      ASSIGN_OR_RETURN(response.body, Bytes(length));
    }
    return response;
  }

 private:
  absl::Status More() {
    ASSIGN_OR_RETURN(const std::string bytes, socket_.Receive());
    if (bytes.empty()) return absl::UnavailableError("EOF");
    buffer_ += bytes;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Line() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) RETURN_IF_ERROR(More());
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
  }

  absl::StatusOr<std::string> Bytes(std::size_t count) {
    while (buffer_.size() < count) RETURN_IF_ERROR(More());
    std::string bytes = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return bytes;
  }

  absl::Status ReadChunks(std::string& body) {
    for (;;) {
      ASSIGN_OR_RETURN(const std::string text, Line());
      std::size_t size = 0;
      if (!absl::SimpleHexAtoi(text, &size)) return absl::InternalError("malformed chunk");
      ASSIGN_OR_RETURN(const std::string chunk, Bytes(size));
      body += chunk;
      RETURN_IF_ERROR(Line().status());
      if (size == 0) return absl::OkStatus();
    }
  }

  BlockingSocket& socket_;
  std::string buffer_;
};

}  // namespace

absl::StatusOr<std::string> KataGoClient::Exchange(const std::string& method,
                                                   const std::string& call, const std::string& body,
                                                   const std::vector<int>& files) {
  const bool raw = call == "vm.add-net";
  std::optional<BlockingSocket> own;
  std::optional<BlockingSocket>& socket = raw ? own : kept_;
  if (!socket) {
    ASSIGN_OR_RETURN(socket, BlockingSocket::Connect(api_socket_, timeout_ms));
  }
  std::string request = absl::StrCat(method, " /api/v1/", call, " HTTP/1.1\r\nHost: localhost\r\n",
                                     "User-Agent: OpenAPI-Generator/1.0.0/go\r\n");
  if (!body.empty()) {
    absl::StrAppend(&request, "Content-Length: ", body.size(),
                    "\r\nContent-Type: application/json\r\n");
  }
  absl::StrAppend(&request, "Accept: application/json\r\nAccept-Encoding: gzip\r\n\r\n", body);
  const absl::Status sent = socket->Send(request, files);
  absl::StatusOr<Response> response =
      sent.ok() ? GoReader(*socket).Read() : absl::StatusOr<Response>(sent);
  if (!response.ok() || response->close) socket.reset();
  RETURN_IF_ERROR(response.status());
  if (response->status >= 300) {
    return absl::InternalError(absl::StrCat(response->status, " ", response->body));
  }
  if (!response->body.empty() &&
      !absl::StrContains(response->headers["content-type"], "application/json")) {
    return absl::InternalError("undefined response type");
  }
  return response->body;
}

std::string KataGoClient::ConnectLine(unsigned port) const {
  return absl::StrCat("CONNECT ", port, "\n");
}

absl::StatusOr<std::string> KataRsClient::Exchange(const std::string& method,
                                                   const std::string& call, const std::string& body,
                                                   const std::vector<int>& files) {
  if (!socket_) {
    ASSIGN_OR_RETURN(socket_, BlockingSocket::Connect(api_socket_, timeout_ms));
  }
  RETURN_IF_ERROR(socket_->Send(
      absl::StrCat(method, " /api/v1/", call, " HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"),
      files));
  if (!body.empty()) {
    RETURN_IF_ERROR(socket_->Send(absl::StrCat("Content-Length: ", body.size(), "\r\n")));
  }
  RETURN_IF_ERROR(socket_->Send("\r\n"));
  if (!body.empty()) RETURN_IF_ERROR(socket_->Send(body));

  std::string text;
  std::optional<std::size_t> length;
  std::size_t start = 0;
  while (start == 0 || (length && text.size() < start + *length)) {
    ASSIGN_OR_RETURN(const std::string piece, socket_->Receive(256));
    if (piece.empty()) break;
    if (!std::all_of(piece.begin(), piece.end(), absl::ascii_isascii)) {
      return absl::InternalError("panic: a piece that is no text");
    }
    text += piece;
    const std::size_t head = text.find("\r\n\r\n");
    if (head == std::string::npos) continue;
    start = head + 4;
    constexpr absl::string_view kLength = "Content-Length: ";
    const std::size_t at = text.find(std::string(kLength));
    if (at == std::string::npos) break;
    const std::size_t value = at + kLength.size();
    std::size_t number = 0;
    if (!absl::SimpleAtoi(text.substr(value, text.find('\r', value) - value), &number)) {
      return absl::InternalError("error parsing HTTP Content-Length field");
    }
    length = number;
  }
  const std::size_t version = text.find("HTTP/1.1 ");
  if (version == std::string::npos) {
    return absl::InternalError("HTTP output is missing protocol statement");
  }
  const std::size_t number_at = version + 9;
  const std::string number = text.substr(number_at, text.find('\r', number_at) - number_at);
  int status = 0;
  if (!absl::SimpleAtoi(number, &status)) {
    return absl::InternalError(absl::StrCat("error parsing HTTP status code \"", number, "\""));
  }
  const std::string answer = length ? text.substr(start) : "";
  if (status == 200 || status == 204 || status == 100) return answer;
  return absl::InternalError(absl::StrCat("server responded with error ", status, ": ", answer));
}

std::string KataRsClient::ConnectLine(unsigned port) const {
  return absl::StrCat("connect ", port, "\n");
}

}  // namespace fakes::testing
