// SPDX-License-Identifier: Apache-2.0
#include "fakes/module_fuzz/module_mutator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "fakes/module_fuzz/wasm_sections.h"

namespace fakes {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;

// A literal with the zeros in it.
template <std::size_t N>
std::string Bytes(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

const std::string kHeader = Bytes("\0asm\1\0\0\0");
// (module (func (export "_start")))
const std::string kModule =
    kHeader + Bytes("\1\4\1\x60\0\0\3\2\1\0\7\n\1\6_start\0\0\n\4\1\2\0\x0b");

ModuleMutator Mutator() {
  return ModuleMutator(
      {{.name = "b.wat", .bytes = "(module)", .text = true}, {.name = "a.wasm", .bytes = kModule}});
}

TEST(WasmSectionsTest, SplittingAndJoiningLosesNothing) {
  const auto split = SplitSections(kModule);
  ASSERT_TRUE(split.has_value());
  ASSERT_EQ(split->sections.size(), 4U);
  EXPECT_EQ(split->sections[2].id, 7);
  EXPECT_THAT(split->sections[2].payload, HasSubstr("_start"));
  EXPECT_EQ(JoinSections(*split), kModule);
}

TEST(WasmSectionsTest, WhatHasNoFrameIsNotSplit) {
  EXPECT_FALSE(SplitSections("").has_value());
  EXPECT_FALSE(SplitSections("(module)").has_value());
  EXPECT_FALSE(SplitSections(kHeader + "\1").has_value()) << "no size";
  EXPECT_FALSE(SplitSections(kHeader + "\1\x7f").has_value()) << "a size beyond the end";
  EXPECT_TRUE(SplitSections(kHeader).has_value());
}

TEST(WasmSectionsTest, ASizeMayLie) {
  const WasmSections lying{.header = kHeader,
                           .sections = {{.id = 1, .payload = "x", .told_size = 300}}};
  EXPECT_EQ(JoinSections(lying), kHeader + "\1\xac\2x");
}

TEST(WasmSectionsTest, NumbersAreShortOrPadded) {
  EXPECT_EQ(Leb128(0), std::string(1, '\0'));
  EXPECT_EQ(Leb128(300), "\xac\2");
  EXPECT_EQ(Leb128(1, true), Bytes("\x81\x80\x80\x80\0"));
  EXPECT_EQ(Leb128(0xffffffff), "\xff\xff\xff\xff\x0f");
}

TEST(ModuleMutatorTest, SeedsComeFirstByName) {
  EXPECT_EQ(Mutator().Make(7, 0).bytes, kModule);
  const Mutant text = Mutator().Make(7, 1);
  EXPECT_EQ(text.recipe, "b.wat");
  EXPECT_TRUE(text.text);
}

TEST(ModuleMutatorTest, TheSameNumbersGiveTheSameModule) {
  std::set<std::string> different;
  for (std::uint64_t number = 2; number < 200; ++number) {
    const Mutant mutant = Mutator().Make(7, number);
    EXPECT_EQ(mutant.bytes, Mutator().Make(7, number).bytes);
    different.insert(mutant.bytes);
  }
  EXPECT_GT(different.size(), 150U);
  EXPECT_NE(Mutator().Make(7, 50).bytes, Mutator().Make(8, 50).bytes);
}

TEST(ModuleMutatorTest, ManyMutantsKeepTheirFrame) {
  int framed = 0;
  for (std::uint64_t number = 2; number < 1002; ++number) {
    const Mutant mutant = Mutator().Make(1, number);
    if (!mutant.text && SplitSections(mutant.bytes)) ++framed;
  }
  EXPECT_GT(framed, 150) << "else hardly any would be looked at closely";
}

// So that files of failures need no library of the same kind.
TEST(ModuleMutatorTest, TheRecipeSaysWhatWasDone) {
  EXPECT_THAT(Mutator().Make(1, 2).recipe,
              ::testing::AnyOf(HasSubstr("a.wasm: "), HasSubstr("b.wat: ")));
}

}  // namespace
}  // namespace fakes
