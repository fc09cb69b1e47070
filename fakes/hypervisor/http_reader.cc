// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/http_reader.h"

#include <absl/strings/str_cat.h>

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
  std::string pending;  // received, but the parser wants more before it takes it
  absl::Status broken;

  void Parse() {
    while (broken.ok() && !pending.empty() && !parser->is_done()) {
      boost::beast::error_code error;
      const std::size_t taken =
          parser->put(boost::asio::buffer(pending.data(), pending.size()), error);
      pending.erase(0, taken);
      if (error == http::error::need_more) return;
      if (error) broken = absl::InvalidArgumentError(absl::StrCat("HTTP: ", error.message()));
      if (taken == 0 && !parser->is_done()) return;
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
