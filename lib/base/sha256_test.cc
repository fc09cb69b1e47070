// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace base {
namespace {

// FIPS 180-4 and its companion examples.
TEST(Sha256Test, StandardVectors) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                      "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Around the sizes where the padding needs one block more.
TEST(Sha256Test, BlockBoundaries) {
  const struct {
    std::size_t length;
    const char* digest;
  } kCases[] = {
      {1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
      {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
      {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
      {57, "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6"},
      {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
      {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
      {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
      {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
      {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
      {127, "c57e9278af78fa3cab38667bef4ce29d783787a2f731d4e12200270f0c32320a"},
      {128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
      {129, "c12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Sha256Hex(std::string(test.length, 'a')), test.digest) << test.length;
  }
}

// Large pieces may go through instructions of the CPU, small ones never do.
TEST(Sha256Test, LargeAndSmallPiecesAgree) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text.push_back(static_cast<char>(i * 31 >> 3));
  for (const std::size_t size : {2000, 2047, 2048, 2049, 4096, 65'535, 100'000}) {
    const std::string part = text.substr(0, size);
    Sha256Stream small;
    for (const char byte : part) small.Add(absl::string_view(&byte, 1));
    EXPECT_EQ(Sha256Hex(part), small.FinishHex()) << size;
  }
}

TEST(Sha256Test, EveryByteValue) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  EXPECT_EQ(Sha256Hex(bytes), "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880");
}

// However the pieces fall, across and on the borders of blocks.
TEST(Sha256Test, PiecesMakeTheWhole) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text.push_back(static_cast<char>(i * 7));
  for (const std::size_t piece : {1, 3, 63, 64, 65, 127, 128, 500}) {
    Sha256Stream stream;
    for (std::size_t at = 0; at < text.size(); at += piece) stream.Add(text.substr(at, piece));
    stream.Add("");
    EXPECT_EQ(stream.FinishHex(), Sha256Hex(text)) << piece;
  }
}

}  // namespace
}  // namespace base
