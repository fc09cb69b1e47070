// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace netlink {

// The attributes in a piece of a message, which is borrowed.
class Attributes {
 public:
  // INTERNAL: one of them does not fit.
  static absl::StatusOr<Attributes> Parse(absl::string_view bytes);

  [[nodiscard]] std::optional<absl::string_view> Find(int type) const;
  // Up to its NUL; empty: there is none.
  [[nodiscard]] std::string Text(int type) const;
  // `otherwise`, too, if it has another size.
  template <typename Number>
  [[nodiscard]] Number Get(int type, Number otherwise = 0) const {
    static_assert(std::is_trivially_copyable_v<Number>);
    const std::optional<absl::string_view> bytes = Find(type);
    if (!bytes.has_value() || bytes->size() != sizeof(Number)) return otherwise;
    Number value;
    std::memcpy(&value, bytes->data(), sizeof(value));
    return value;
  }

 private:
  std::vector<std::pair<int, absl::string_view>> attributes_;
};

// What the kernel has told: the fixed header of its family, then attributes.
struct Message {
  std::uint16_t type = 0;
  std::string body;

  // INTERNAL: it is too short.
  template <typename Header>
  [[nodiscard]] absl::StatusOr<std::pair<Header, Attributes>> Split() const {
    if (body.size() < sizeof(Header)) return absl::InternalError("a message without its header");
    auto attributes = Attributes::Parse(absl::string_view(body).substr(sizeof(Header)));
    if (!attributes.ok()) return attributes.status();
    Header header;
    std::memcpy(&header, body.data(), sizeof(header));
    return std::make_pair(header, *std::move(attributes));
  }
};

// What the kernel is asked.
class Request {
 public:
  // `flags` beside NLM_F_REQUEST; NLM_F_DUMP asks for a list.
  template <typename Header>
  Request(std::uint16_t type, std::uint16_t flags, const Header& header)
      : type_(type), flags_(flags) {
    Append(header);
  }

  template <typename Value>
  void Put(int type, const Value& value) {
    static_assert(std::is_trivially_copyable_v<Value> && !std::is_pointer_v<Value>);
    PutBytes(type, absl::string_view(reinterpret_cast<const char*>(&value), sizeof(value)));
  }
  void PutBytes(int type, absl::string_view bytes);
  void PutText(int type, absl::string_view text);  // with a NUL behind it
  // What `body` puts is inside of an attribute.
  void Nest(int type, absl::FunctionRef<void()> body);
  // A header of its own within a nest.
  template <typename Header>
  void Append(const Header& header) {
    static_assert(std::is_trivially_copyable_v<Header> && sizeof(Header) % NLMSG_ALIGNTO == 0);
    body_.append(reinterpret_cast<const char*>(&header), sizeof(header));
  }

  [[nodiscard]] bool IsList() const { return (flags_ & NLM_F_DUMP) == NLM_F_DUMP; }
  // As it goes to the kernel.
  [[nodiscard]] std::string Encode(std::uint32_t sequence) const;

 private:
  std::uint16_t type_;
  std::uint16_t flags_;
  std::string body_;
};

}  // namespace netlink
