// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/wire_format.h"

#include <google/protobuf/wire_format_lite.h>

#include "ttrpc/utf8.h"

namespace ttrpc {
namespace {

// Longer encodings of tags and lengths are refused by protobuf's own parsers, CodedInputStream
// takes them.
constexpr int kVarint32BytesMax = 5;

}  // namespace

WireReader::WireReader(absl::string_view message)
    : message_(message),
      input_(reinterpret_cast<const std::uint8_t*>(message.data()),
             static_cast<int>(message.size())) {}

std::uint32_t WireReader::NextTag() {
  const int start = input_.CurrentPosition();
  const std::uint32_t tag = input_.ReadTag();
  return input_.CurrentPosition() - start > kVarint32BytesMax ? 0 : tag;
}

bool WireReader::ReadVarint(std::uint64_t* value) { return input_.ReadVarint64(value); }

bool WireReader::ReadBytes(absl::string_view* value) {
  const int start = input_.CurrentPosition();
  int length = 0;
  if (!input_.ReadVarintSizeAsInt(&length)) return false;
  const int position = input_.CurrentPosition();
  if (position - start > kVarint32BytesMax || !input_.Skip(length)) return false;
  *value = message_.substr(static_cast<std::size_t>(position), static_cast<std::size_t>(length));
  return true;
}

bool WireReader::ReadUtf8(absl::string_view* value) {
  return ReadBytes(value) && Utf8PrefixBytes(*value) == value->size();
}

bool WireReader::Skip(std::uint32_t tag) {
  return google::protobuf::internal::WireFormatLite::SkipField(&input_, tag);
}

void AppendVarint(std::uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void AppendVarintField(std::uint32_t field, std::uint64_t value, std::string* out) {
  AppendVarint(VarintTag(field), out);
  AppendVarint(value, out);
}

void AppendBytesHead(std::uint32_t field, std::size_t bytes, std::string* out) {
  AppendVarint(BytesTag(field), out);
  AppendVarint(bytes, out);
}

void AppendBytesField(std::uint32_t field, absl::string_view value, std::string* out) {
  AppendBytesHead(field, value.size(), out);
  out->append(value.data(), value.size());
}

std::size_t VarintBytes(std::uint64_t value) {
  std::size_t bytes = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++bytes;
  }
  return bytes;
}

std::size_t BytesFieldBytes(std::size_t bytes) { return 1 + VarintBytes(bytes) + bytes; }

}  // namespace ttrpc
