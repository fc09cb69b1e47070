// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>
#include <google/protobuf/io/coded_stream.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace ttrpc {

// Protobuf field tags: number << 3 | wire type.
constexpr std::uint32_t VarintTag(std::uint32_t field) { return field << 3; }
constexpr std::uint32_t BytesTag(std::uint32_t field) { return field << 3 | 2; }

// Walks the fields of one serialized message. Use:
//   while (const std::uint32_t tag = reader.NextTag()) {
//     ... reader.ReadBytes(&view) or reader.Skip(tag); false ends it ...
//   }
//   if (!reader.Finished()) -> undecodable
class WireReader {
 public:
  // `message` is borrowed, and so are the views taken from it. At most INT_MAX bytes.
  explicit WireReader(absl::string_view message);

  std::uint32_t NextTag();  // 0 at the end and at an error
  bool ReadVarint(std::uint64_t* value);
  bool ReadBytes(absl::string_view* value);
  bool ReadUtf8(absl::string_view* value);
  bool Skip(std::uint32_t tag);
  [[nodiscard]] bool Finished() { return input_.ConsumedEntireMessage(); }

 private:
  absl::string_view message_;
  google::protobuf::io::CodedInputStream input_;
};

void AppendVarint(std::uint64_t value, std::string* out);
void AppendVarintField(std::uint32_t field, std::uint64_t value, std::string* out);
// Tag and length of a field whose `bytes` bytes follow.
void AppendBytesHead(std::uint32_t field, std::size_t bytes, std::string* out);
void AppendBytesField(std::uint32_t field, absl::string_view value, std::string* out);

std::size_t VarintBytes(std::uint64_t value);
// Bytes of a whole length-delimited field with a one-byte tag.
std::size_t BytesFieldBytes(std::size_t bytes);

}  // namespace ttrpc
