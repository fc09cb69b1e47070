// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/start_section.h"

#include <gtest/gtest.h>

#include <string>

namespace stage {
namespace {

const std::string kModule("\0asm\1\0\0\0", 8);
const std::string kComponent("\0asm\x0d\0\1\0", 8);

std::string Section(char id, const std::string& body) {
  std::string size;
  std::size_t left = body.size();
  do {
    const std::size_t more = left >> 7;
    size.push_back(static_cast<char>((left & 0x7f) | (more > 0 ? 0x80 : 0)));
    left = more;
  } while (left > 0);
  return std::string(1, id) + size + body;
}

TEST(StartSectionTest, OfAModule) {
  EXPECT_FALSE(HasStartSection(kModule));
  EXPECT_FALSE(HasStartSection(kModule + Section(1, "types") + Section(10, std::string(300, 'c'))));
  EXPECT_TRUE(HasStartSection(kModule + Section(1, "types") + Section(8, "\1")));
  EXPECT_FALSE(HasStartSection(kModule + Section(0, Section(8, "\1")))) << "inside a custom one";
}

TEST(StartSectionTest, OfAComponentAndWhatItHolds) {
  const std::string passive = kModule + Section(1, "types");
  const std::string starts = kModule + Section(8, "\1");
  EXPECT_FALSE(HasStartSection(kComponent + Section(1, passive)));
  EXPECT_FALSE(HasStartSection(kComponent + Section(8, "canonical functions")));
  EXPECT_TRUE(HasStartSection(kComponent + Section(1, passive) + Section(1, starts)));
  EXPECT_TRUE(HasStartSection(kComponent + Section(4, kComponent + Section(1, starts))));
  EXPECT_TRUE(HasStartSection(kComponent + Section(9, "start")));
}

TEST(StartSectionTest, WhatCannotBeToldCountsAsStarting) {
  const std::string section = Section(1, std::string(200, 't'));
  EXPECT_TRUE(HasStartSection(""));
  EXPECT_TRUE(HasStartSection("(module)"));
  for (std::size_t size = kModule.size() + 1; size < kModule.size() + section.size(); ++size) {
    EXPECT_TRUE(HasStartSection((kModule + section).substr(0, size))) << size;
  }
  EXPECT_TRUE(HasStartSection(kModule + "\1\xff\xff\xff\xff\xff\1")) << "a size beyond 32 bits";
  std::string deep = kComponent;
  for (int i = 0; i < 100; ++i) deep = kComponent + Section(4, deep);
  EXPECT_TRUE(HasStartSection(deep));
}

}  // namespace
}  // namespace stage
