// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/wire_format.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace ttrpc {
namespace {

// Skips every field; true if the message was well-formed to its end.
bool SkipsAll(absl::string_view message) {
  WireReader reader(message);
  while (const std::uint32_t tag = reader.NextTag()) {
    if (!reader.Skip(tag)) return false;
  }
  return reader.Finished();
}

TEST(WireReader, SkipsEveryWireType) {
  EXPECT_TRUE(SkipsAll(""));
  EXPECT_TRUE(SkipsAll({"\x08\x01", 2}));                              // varint
  EXPECT_TRUE(SkipsAll({"\x09\x01\x02\x03\x04\x05\x06\x07\x08", 9}));  // fixed64
  EXPECT_TRUE(SkipsAll({"\x0A\x03xyz", 5}));                           // bytes
  EXPECT_TRUE(SkipsAll({"\x0B\x08\x01\x0C", 4}));                      // group
  EXPECT_TRUE(SkipsAll({"\x0D\x01\x02\x03\x04", 5}));                  // fixed32
}

TEST(WireReader, RefusesWhatIsMalformed) {
  EXPECT_FALSE(SkipsAll({"\x08", 1}));                          // no value
  EXPECT_FALSE(SkipsAll({"\x80", 1}));                          // tag cut short
  EXPECT_FALSE(SkipsAll({"\x00", 1}));                          // field number 0
  EXPECT_FALSE(SkipsAll({"\x02\x00", 2}));                      // field number 0
  EXPECT_FALSE(SkipsAll({"\x0A\x04xyz", 5}));                   // longer than the message
  EXPECT_FALSE(SkipsAll({"\x0A\xFF\xFF\xFF\xFF\xFF\x01", 7}));  // longer than anything
  EXPECT_FALSE(SkipsAll({"\x0B\x08\x01", 3}));                  // group not ended
  EXPECT_FALSE(SkipsAll({"\x0C", 1}));                          // group not begun
  EXPECT_FALSE(SkipsAll({"\x0B\x14", 2}));                      // another group ended
  EXPECT_FALSE(SkipsAll({"\x0D\x01\x02\x03", 4}));              // cut short
  EXPECT_FALSE(SkipsAll({"\x0E", 1}));                          // no such wire type
  EXPECT_FALSE(SkipsAll({"\x88\x80\x80\x80\x80\x00\x01", 7}));  // tag of six bytes
  EXPECT_FALSE(SkipsAll(std::string(11, '\xFF')));              // varint without end
  EXPECT_FALSE(SkipsAll(std::string(200, '\x0B')));             // groups too deep
}

TEST(WireReader, BytesAreViewsIntoTheMessage) {
  const std::string message("\x0A\x03xyz\x12\x00", 7);
  WireReader reader(message);
  absl::string_view value;
  EXPECT_EQ(reader.NextTag(), BytesTag(1));
  ASSERT_TRUE(reader.ReadBytes(&value));
  EXPECT_EQ(value, "xyz");
  EXPECT_EQ(value.data(), message.data() + 2);
  EXPECT_EQ(reader.NextTag(), BytesTag(2));
  ASSERT_TRUE(reader.ReadBytes(&value));
  EXPECT_EQ(value, "");
  EXPECT_EQ(reader.NextTag(), 0u);
  EXPECT_TRUE(reader.Finished());
}

TEST(WireFormat, VarintsReadBackAndAreMeasured) {
  const std::uint64_t values[] = {0,        1,          127,
                                  128,      16383,      16384,
                                  1u << 21, 1ull << 35, std::numeric_limits<std::uint64_t>::max()};
  for (const std::uint64_t value : values) {
    std::string bytes;
    AppendVarintField(4, value, &bytes);
    EXPECT_EQ(bytes.size(), 1 + VarintBytes(value));
    WireReader reader(bytes);
    EXPECT_EQ(reader.NextTag(), VarintTag(4));
    std::uint64_t read = 0;
    EXPECT_TRUE(reader.ReadVarint(&read));
    EXPECT_EQ(read, value);
  }
}

TEST(WireFormat, BytesFieldsAreMeasured) {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 20'000u}) {
    std::string bytes;
    AppendBytesField(5, std::string(size, 'x'), &bytes);
    EXPECT_EQ(bytes.size(), BytesFieldBytes(size));
  }
}

}  // namespace
}  // namespace ttrpc
