// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/code_note.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"

namespace stage {
namespace {

class CodeNoteTest : public ::testing::Test {
 protected:
  absl::StatusOr<CodeNote> Read(const std::string& bytes) {
    base::testing::WriteFile(temp_.File("code"), bytes);
    const base::UniqueFd file(::open(temp_.File("code").c_str(), O_RDONLY | O_CLOEXEC));
    return ReadCodeNote(file.get());
  }

  base::testing::TempDir temp_;
};

TEST_F(CodeNoteTest, SurvivesBehindAnyCode) {
  for (const bool component : {false, true}) {
    for (const bool starts : {false, true}) {
      const CodeNote note{
          .engine = "engine 1.2.3", .config = "small", .component = component, .starts = starts};
      const std::string text = WriteCodeNote(note);
      EXPECT_EQ(text.size(), kCodeNoteBytes);
      for (const std::size_t size : {0, 1, 5000}) {
        const auto read = Read(std::string(size, '\0') + text);
        ASSERT_TRUE(read.ok()) << read.status();
        EXPECT_EQ(*read, note);
      }
    }
  }
}

TEST_F(CodeNoteTest, RefusesAllElse) {
  const std::string good = WriteCodeNote({.engine = "engine 1.2.3", .config = "small"});
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    text.resize(kCodeNoteBytes, '\0');
    return text;
  };
  ASSERT_TRUE(Read(good).ok());
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string(kCodeNoteBytes, '\0'), good + "x",
        good.substr(1), good.substr(0, good.size() - 1), with("shimgauge", "another"),
        with("module", "modern"), with("passive", "active"), with("small\n", ""),
        with("small\n", "small\nlarge\n")}) {
    EXPECT_EQ(Read(bytes).status().code(), absl::StatusCode::kFailedPrecondition) << bytes;
  }
}

}  // namespace
}  // namespace stage
