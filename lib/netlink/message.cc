// SPDX-License-Identifier: Apache-2.0
#include "netlink/message.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace netlink {
namespace {

constexpr std::size_t Aligned(std::size_t size) { return NLA_ALIGN(size); }

// Ours are small; one that is not is our own bug.
std::uint16_t LengthOf(std::size_t size) {
  if (size > std::numeric_limits<std::uint16_t>::max()) std::abort();
  return static_cast<std::uint16_t>(size);
}

}  // namespace

absl::StatusOr<Attributes> Attributes::Parse(absl::string_view bytes) {
  Attributes parsed;
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.nla_len < sizeof(header) || header.nla_len > bytes.size()) {
      return absl::InternalError(absl::StrCat("an attribute of ", header.nla_len, " bytes where ",
                                              bytes.size(), " are left"));
    }
    parsed.attributes_.emplace_back(header.nla_type & NLA_TYPE_MASK,
                                    bytes.substr(NLA_HDRLEN, header.nla_len - NLA_HDRLEN));
    bytes.remove_prefix(std::min(Aligned(header.nla_len), bytes.size()));
  }
  return parsed;
}

std::optional<absl::string_view> Attributes::Find(int type) const {
  for (const auto& [present, bytes] : attributes_) {
    if (present == type) return bytes;
  }
  return std::nullopt;
}

std::string Attributes::Text(int type) const {
  const absl::string_view bytes = Find(type).value_or("");
  return std::string(bytes.substr(0, bytes.find('\0')));
}

void Request::PutBytes(int type, absl::string_view bytes) {
  const nlattr header{.nla_len = LengthOf(NLA_HDRLEN + bytes.size()),
                      .nla_type = static_cast<std::uint16_t>(type)};
  body_.append(reinterpret_cast<const char*>(&header), sizeof(header));
  body_.append(bytes.data(), bytes.size());
  body_.resize(Aligned(body_.size()));
}

void Request::PutText(int type, absl::string_view text) {
  PutBytes(type, absl::StrCat(text, absl::string_view("\0", 1)));
}

void Request::Nest(int type, absl::FunctionRef<void()> body) {
  const std::size_t start = body_.size();
  PutBytes(type, "");
  body();
  const std::uint16_t length = LengthOf(body_.size() - start);
  std::memcpy(body_.data() + start + offsetof(nlattr, nla_len), &length, sizeof(length));
}

std::string Request::Encode(std::uint32_t sequence) const {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + body_.size());
  header.nlmsg_type = type_;
  header.nlmsg_flags =
      static_cast<std::uint16_t>(flags_ | NLM_F_REQUEST | (IsList() ? 0 : NLM_F_ACK));
  header.nlmsg_seq = sequence;
  return absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&header), sizeof(header)),
                      body_);
}

}  // namespace netlink
