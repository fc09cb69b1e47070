// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/frame_reader.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ttrpc/testing/frames.h"

namespace ttrpc {
namespace {

using ::testing::ElementsAre;
using testing::HeaderOnly;
using ::testing::IsEmpty;
using testing::RawFrame;

// Frames as text: "stream:type:flags:data" or "stream:type:flags:oversized".
std::vector<std::string> ReadAll(FrameReader& reader, absl::string_view bytes, std::size_t chunk) {
  std::vector<std::string> frames;
  testing::Feed(reader, bytes, chunk, [&] {
    while (const auto frame = reader.Next()) {
      frames.push_back(absl::StrCat(frame->header.stream, ":", frame->header.type, ":",
                                    frame->header.flags, ":",
                                    frame->oversized ? "oversized" : frame->data));
    }
  });
  return frames;
}

TEST(FrameReader, HasNothingAtFirst) {
  FrameReader reader;
  EXPECT_EQ(reader.Next(), std::nullopt);
  EXPECT_EQ(reader.capacity(), 0u);
}

TEST(FrameReader, CutsFramesHoweverTheBytesArrive) {
  const std::string bytes = absl::StrCat(RawFrame(1, kFrameRequest, "one"), RawFrame(3, 9, ""),
                                         RawFrame(5, kFrameData, "three", 4));
  for (std::size_t chunk = 1; chunk <= bytes.size(); ++chunk) {
    FrameReader reader;
    EXPECT_THAT(ReadAll(reader, bytes, chunk), ElementsAre("1:1:0:one", "3:9:0:", "5:3:4:three"))
        << "in chunks of " << chunk;
  }
}

TEST(FrameReader, WaitsForTheLastByte) {
  const std::string bytes = RawFrame(1, kFrameRequest, "payload");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    FrameReader reader;
    EXPECT_THAT(ReadAll(reader, bytes.substr(0, size), size), IsEmpty());
  }
}

TEST(FrameReader, TakesTheLargestFrame) {
  const std::string data(kFrameDataBytesMax, 'x');
  const std::string bytes = absl::StrCat(RawFrame(1, kFrameRequest, data), RawFrame(3, 1, "next"));
  FrameReader reader;
  const std::vector<std::string> frames = ReadAll(reader, bytes, 100'000);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0], absl::StrCat("1:1:0:", data));
  EXPECT_EQ(frames[1], "3:1:0:next");
}

// TT-04: one byte too long is discarded and reported, and the next frame is found.
TEST(FrameReader, DiscardsOversizedFrames) {
  for (const std::uint32_t length : {kFrameDataBytesMax + 1, 3 * kFrameDataBytesMax}) {
    const std::string bytes = absl::StrCat(RawFrame(1, kFrameRequest, std::string(length, '\0')),
                                           RawFrame(3, kFrameRequest, "next"));
    FrameReader reader;
    EXPECT_THAT(ReadAll(reader, bytes, 65'521), ElementsAre("1:1:0:oversized", "3:1:0:next"));
    EXPECT_LE(reader.capacity(), kReadBufferKeepBytes);
  }
}

TEST(FrameReader, ReportsAnOversizedFrameBeforeItsDataHasCome) {
  FrameReader reader;
  EXPECT_THAT(ReadAll(reader, HeaderOnly(0xFFFFFFFF, 7, kFrameRequest), 10),
              ElementsAre("7:1:0:oversized"));
}

TEST(FrameReader, OversizedDataLooksLikeFramesButIsNot) {
  std::string data;
  while (data.size() <= kFrameDataBytesMax) data += RawFrame(9, kFrameRequest, "trap");
  FrameReader reader;
  EXPECT_THAT(ReadAll(reader, absl::StrCat(RawFrame(1, 1, data), RawFrame(3, 1, "real")), 1 << 20),
              ElementsAre("1:1:0:oversized", "3:1:0:real"));
}

// A peer that announces much and sends little does not get memory for it.
TEST(FrameReader, BufferGrowsWithWhatHasArrived) {
  FrameReader reader;
  ReadAll(reader, HeaderOnly(kFrameDataBytesMax, 1, kFrameRequest), 10);
  (void)reader.Prepare();
  EXPECT_EQ(reader.capacity(), kReadBufferBytes);
  ReadAll(reader, std::string(100'000, 'x'), 4096);
  (void)reader.Prepare();
  EXPECT_LE(reader.capacity(), 2 * 100'010u);
}

TEST(FrameReader, BufferNeverExceedsTheFrameAndShrinksAfterIt) {
  FrameReader reader;
  const std::string bytes = RawFrame(1, kFrameRequest, std::string(3'000'000, 'x'));
  testing::Feed(reader, bytes, 1 << 20, [&] { EXPECT_LE(reader.capacity(), bytes.size()); });
  ASSERT_TRUE(reader.Next());
  (void)reader.Prepare();
  EXPECT_EQ(reader.capacity(), kReadBufferBytes);
}

TEST(FrameReader, FramesMayBeTakenLate) {
  FrameReader reader;
  std::string bytes;
  for (std::uint32_t stream = 1; stream < 2000; stream += 2) {
    bytes += RawFrame(stream, kFrameRequest, "data");
  }
  testing::Feed(reader, bytes, 777, [] {});
  std::uint32_t expected = 1;
  while (const auto frame = reader.Next()) {
    EXPECT_EQ(frame->header.stream, expected);
    EXPECT_EQ(frame->data, "data");
    expected += 2;
  }
  EXPECT_EQ(expected, 2001u);
}

TEST(FrameReader, PreparedSpaceIsNeverEmpty) {
  FrameReader reader;
  const std::string bytes = RawFrame(1, kFrameRequest, std::string(kReadBufferBytes - 10, 'x'));
  ASSERT_EQ(bytes.size(), kReadBufferBytes);
  testing::Feed(reader, bytes, bytes.size(), [] {});
  EXPECT_GT(reader.Prepare().size(), 0u);
  ASSERT_TRUE(reader.Next());
}

}  // namespace
}  // namespace ttrpc
