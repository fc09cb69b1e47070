// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/stream_pump.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "fakes/faulty_shim/testing/test_plan.h"

namespace fakes {
namespace {

// What arrives of `text` on the stdout of an init.
std::string Pumped(const std::string& rule, const std::string& text) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const base::UniqueFd reader(ends[0]);
  shim::ProcessIo io;
  io.out.reset(ends[1]);
  TestPlan plan({rule});
  PumpStreams(*plan, "init", io);
  EXPECT_EQ(::write(io.out.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  io.out.reset();
  std::string arrived;
  char byte = 0;
  while (::read(reader.get(), &byte, 1) == 1) arrived += byte;
  return arrived;
}

TEST(StreamPumpTest, SomeArrivesOrAllOrNothing) {
  EXPECT_EQ(Pumped("pump stdio of=init stream=out keep=4", "abcdef"), "abcd");
  EXPECT_EQ(Pumped("pump stdio of=init stream=out", "abcdef"), "abcdef");
  EXPECT_EQ(Pumped("pump stdio of=init stream=out alter=1", "abcdef"),
            "a\x9d"
            "cdef");
  EXPECT_EQ(Pumped("pump stdio of=init stream=out ms=10", "abcdef"), "")
      << "the writer has gone before";
  EXPECT_EQ(Pumped("pump stdio of=exec stream=out keep=0", "abcdef"), "abcdef");
}

TEST(StreamPumpTest, SomeInputArrives) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  base::UniqueFd writer(ends[1]);
  shim::ProcessIo io;
  io.in.reset(ends[0]);
  TestPlan plan({"pump stdio of=init stream=in keep=4"});
  PumpStreams(*plan, "init", io);
  ASSERT_EQ(::write(writer.get(), "abcdef", 6), 6);
  writer.reset();
  std::string arrived;
  char byte = 0;
  while (::read(io.in.get(), &byte, 1) == 1) arrived += byte;
  EXPECT_EQ(arrived, "abcd");
}

}  // namespace
}  // namespace fakes
