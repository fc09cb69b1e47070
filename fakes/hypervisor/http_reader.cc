// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/http_reader.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <utility>

#include "fakes/hypervisor/limits.h"

namespace fakes {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

constexpr char kEndOfHead[] = "\r\n\r\n";
constexpr std::size_t kEndOfHeadBytes = sizeof kEndOfHead - 1;

// What need not be waited for the end of.
bool IsForeignToHeads(char c) {
  return absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\r' && c != '\n' && c != '\t';
}

std::unique_ptr<Parser> NewParser() {
  auto parser = std::make_unique<Parser>();
  parser->eager(true);
  parser->header_limit(kHttpHeaderBytesMax);
  parser->body_limit(kHttpBodyBytesMax);
  return parser;
}

}  // namespace

struct HttpReader::Impl {
  std::unique_ptr<Parser> parser = NewParser();
  std::string pending;       // received, but the parser wants more before it takes it
  std::size_t searched = 0;  // of `pending`, for the end of the head
  absl::Status broken;

  // How much of what is pending the parser may see. Of a head that is cut it would refuse some
  // pieces at once and wait for the rest of others, so it gets whole heads, alone.
  std::size_t Parseable() {
    if (parser->is_header_done()) return pending.size();
    const std::size_t end = pending.find(kEndOfHead, searched);
    const std::size_t head = std::min(end, pending.size());
    if (std::any_of(pending.data() + searched, pending.data() + head, &IsForeignToHeads)) {
      broken = absl::InvalidArgumentError("HTTP: the header has characters that are no text");
    } else if (end != std::string::npos) {
      searched = 0;
      return end + kEndOfHeadBytes;
    } else if (pending.size() > kHttpHeaderBytesMax) {
      broken = absl::InvalidArgumentError("HTTP: the header has no end");
    }
    searched = pending.size() - std::min(pending.size(), kEndOfHeadBytes);
    return 0;
  }

  void Parse() {
    while (broken.ok() && !parser->is_done()) {
      const std::size_t parseable = Parseable();
      if (parseable == 0) return;
      boost::beast::error_code error;
      const std::size_t taken = parser->put(boost::asio::buffer(pending.data(), parseable), error);
      pending.erase(0, taken);
      if (error == http::error::need_more && !parser->is_header_done()) {
        broken = absl::InvalidArgumentError("HTTP: the header ends in the middle of a line");
      } else if (error && error != http::error::need_more) {
        broken = absl::InvalidArgumentError(absl::StrCat("HTTP: ", error.message()));
      } else if (taken == 0) {
        return;
      }
    }
  }
};

HttpReader::HttpReader() : impl_(std::make_unique<Impl>()) {}
HttpReader::~HttpReader() = default;

absl::Status HttpReader::Feed(absl::string_view bytes) {
  if (impl_->broken.ok() &&
      impl_->pending.size() + bytes.size() > kHttpHeaderBytesMax + kHttpBodyBytesMax) {
    impl_->broken = absl::InvalidArgumentError("HTTP: too much at once");
  }
  if (impl_->broken.ok()) {
    impl_->pending.append(bytes.data(), bytes.size());
    impl_->Parse();
  }
  return impl_->broken;
}

std::optional<HttpRequest> HttpReader::Next() {
  if (!impl_->broken.ok() || !impl_->parser->is_done()) return std::nullopt;
  const bool keep_alive = impl_->parser->keep_alive();
  http::request<http::string_body> message = impl_->parser->release();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.body = std::move(message.body());
  request.keep_alive = keep_alive;
  impl_->parser = NewParser();
  impl_->Parse();
  return request;
}

}  // namespace fakes
