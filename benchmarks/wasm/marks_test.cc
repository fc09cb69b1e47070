// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wasm/marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace benchmarks::wasm {
namespace {

using std::chrono::nanoseconds;

TEST(MarksTest, TravelAsALineAmongOthers) {
  Marks marks;
  for (std::size_t i = 0; i < kMarks; ++i) {
    marks.Set(static_cast<Mark>(i), Marks::Time(nanoseconds(1000 + i)));
  }
  const auto found = Marks::Find("the guest's words\n" + marks.Line() + "and more");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->at(Mark::kMain), Marks::Time(nanoseconds(1000)));
  EXPECT_EQ(found->at(Mark::kRunEnd), Marks::Time(nanoseconds(1000 + kMarks - 1)));
}

TEST(MarksTest, WhatIsNoLineOfMarksIsNotTakenForOne) {
  EXPECT_FALSE(Marks::Find("").has_value());
  EXPECT_FALSE(Marks::Find("marks 1 2 3\n").has_value());
  std::string cut = Marks().Line();
  cut.replace(6, 1, "x");
  EXPECT_FALSE(Marks::Find(cut).has_value());
}

TEST(MarksTest, AreTakenFromTheClockOfTheMachine) {
  const auto before = std::chrono::steady_clock::now();
  Marks marks;
  marks.Set(Mark::kRunBegin);
  EXPECT_GE(marks.at(Mark::kRunBegin), before);
  EXPECT_EQ(marks.at(Mark::kMain), Marks::Time());
}

}  // namespace
}  // namespace benchmarks::wasm
