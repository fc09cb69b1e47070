// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/exit_record.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/testing/leak_guard.h"

namespace shim {
namespace {

using base::testing::ReadFile;
using base::testing::WriteFile;
using std::chrono::system_clock;

class ExitRecordTest : public base::testing::ProcessTest {
 protected:
  std::size_t Files() {
    const auto begin = std::filesystem::directory_iterator(temp_.path());
    return static_cast<std::size_t>(std::distance(begin, {}));
  }
};

TEST_F(ExitRecordTest, ReadsWhatItWrote) {
  const ProcessExit exit{
      .pid = 4711,
      .status = 137,
      .at = system_clock::time_point(std::chrono::nanoseconds(1700000000123456789))};
  ASSERT_TRUE(WriteExitRecord(temp_.path(), exit).ok());
  const auto read = ReadExitRecord(temp_.path());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, exit);
  struct stat info {};
  ASSERT_EQ(::stat(temp_.File("exit.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_EQ(Files(), 1U) << "a temporary file was left";
}

TEST_F(ExitRecordTest, WritesTheFormOfTheGoShim) {
  ASSERT_TRUE(
      WriteExitRecord(
          temp_.path(),
          {.pid = 7, .status = 3, .at = system_clock::time_point(std::chrono::seconds(1700000000))})
          .ok());
  EXPECT_EQ(ReadFile(temp_.File("exit.json")),
            R"({"Timestamp":"2023-11-14T22:13:20.000000000Z","Pid":7,"Status":3})");
}

TEST_F(ExitRecordTest, ReadsOffsetsAndShortFractions) {
  WriteFile(temp_.File("exit.json"),
            R"({"Timestamp":"2023-11-15T00:13:20.5+02:00","Pid":7,"Status":0,"Other":[1]})");
  const auto read = ReadExitRecord(temp_.path());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->at.time_since_epoch(), std::chrono::milliseconds(1700000000500));
}

TEST_F(ExitRecordTest, TellsAbsentFromBroken) {
  EXPECT_TRUE(absl::IsNotFound(ReadExitRecord(temp_.path()).status()));
  for (const char* text :
       {"", "{", "[]", R"({"Pid":1,"Status":2})", R"({"Timestamp":"yesterday","Pid":1,"Status":2})",
        R"({"Timestamp":"2023-11-15T00:13:20Z","Pid":"1","Status":2})",
        R"({"Timestamp":"2023-11-15T00:13:20+2","Pid":1,"Status":2})"}) {
    WriteFile(temp_.File("exit.json"), text);
    EXPECT_TRUE(absl::IsInvalidArgument(ReadExitRecord(temp_.path()).status())) << text;
  }
}

TEST_F(ExitRecordTest, FailureLeavesTheOldFileAndNoOther) {
  EXPECT_FALSE(WriteExitRecord(temp_.File("absent"), {}).ok());
  EXPECT_EQ(Files(), 0U);
}

TEST_F(ExitRecordTest, InitPidOfTheEngineWins) {
  ASSERT_TRUE(WriteInitPidIfMissing(temp_.path(), 41).ok());
  ASSERT_TRUE(WriteInitPidIfMissing(temp_.path(), 42).ok());
  EXPECT_EQ(ReadFile(temp_.File("init.pid")), "41");
  EXPECT_EQ(ReadInitPid(temp_.path()).value_or(0), 41);
  RemoveRecords(temp_.path());
  EXPECT_TRUE(absl::IsNotFound(ReadInitPid(temp_.path()).status()));
  WriteFile(temp_.File("init.pid"), "-1");
  EXPECT_TRUE(absl::IsInvalidArgument(ReadInitPid(temp_.path()).status()));
}

}  // namespace
}  // namespace shim
