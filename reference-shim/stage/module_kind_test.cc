// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/module_kind.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"

namespace stage {
namespace {

template <std::size_t size>
std::string Bytes(const char (&literal)[size]) {
  return {literal, size - 1};
}

TEST(ModuleKindTest, ByHeader) {
  const std::string elf = Bytes(
      "\x7f"
      "ELF\2\1\1");
  const struct {
    std::string head;
    FileKind kind;
  } kCases[] = {
      {Bytes("\0asm\1\0\0\0"), FileKind::kModule},
      {Bytes("\0asm\1\0\0\0\1\4\1\x60"), FileKind::kModule},
      {Bytes("\0asm\x0d\0\1\0"), FileKind::kComponent},
      {Bytes("\0asm\2\0\0\0"), FileKind::kForeignWasm},
      {Bytes("\0asm\1\0\1\0"), FileKind::kForeignWasm},
      {Bytes("\0asm\1\0"), FileKind::kForeignWasm},
      {Bytes("\0asm"), FileKind::kForeignWasm},
      {Bytes("\0as"), FileKind::kOther},
      {elf + Bytes("\0\0\0"), FileKind::kElf},
      {elf + Bytes("\xc8\0\0"), FileKind::kPrecompiled},
      {Bytes("\x7f"
             "ELF"),
       FileKind::kElf},
      {"", FileKind::kOther},
      {"#!/bin/sh\n", FileKind::kOther},
  };
  for (const auto& test : kCases) EXPECT_EQ(KindOfBytes(test.head), test.kind) << test.head;
}

TEST(ModuleKindTest, TextAfterBlanksAndComments) {
  for (const char* text :
       {"(module", "(module)", "(module $name", " \t\r\n(module (func))", "(component)",
        ";; a line\n;; another\n(module)", "(; a (; nested ;) block ;)(module)", "( module)",
        "(;; ;)(module)", "(;;)(module)", "(module;; end"}) {
    EXPECT_EQ(KindOfBytes(text), FileKind::kText) << text;
  }
  for (const char* text : {"module", "(modules)", "(func)", "(; open (module)",
                           ";; only a line (module)", "(", "((module)", "; (module)", "(;"}) {
    EXPECT_EQ(KindOfBytes(text), FileKind::kOther) << text;
  }
}

TEST(ModuleKindTest, OfAFileWithoutMovingItsPosition) {
  const base::testing::TempDir temp;
  base::testing::WriteFile(temp.File("a"), Bytes("\0asm\1\0\0\0 and the rest"));
  const base::UniqueFd file(::open(temp.File("a").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::lseek(file.get(), 5, SEEK_SET), 5);
  const auto kind = KindOfFile(file.get());
  ASSERT_TRUE(kind.ok()) << kind.status();
  EXPECT_EQ(*kind, FileKind::kModule);
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 5);
}

TEST(ModuleKindTest, ReadsABoundedHead) {
  const base::testing::TempDir temp;
  const std::string blanks(kFileKindBytes - 8, ' ');
  base::testing::WriteFile(temp.File("near"), blanks + "(module)");
  base::testing::WriteFile(temp.File("far"), blanks + blanks + "(module)");
  const base::UniqueFd near(::open(temp.File("near").c_str(), O_RDONLY | O_CLOEXEC));
  const base::UniqueFd far(::open(temp.File("far").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(KindOfFile(near.get()).value(), FileKind::kText);
  EXPECT_EQ(KindOfFile(far.get()).value(), FileKind::kOther);
}

TEST(ModuleKindTest, RefusesWhatIsNoRegularFile) {
  for (const char* path : {"/dev/zero", "/proc/self"}) {
    const base::UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(file.ok()) << path;
    EXPECT_EQ(KindOfFile(file.get()).status().code(), absl::StatusCode::kInvalidArgument) << path;
  }
}

TEST(ModuleKindTest, WhatCanBeCompiled) {
  EXPECT_TRUE(IsWasm(FileKind::kModule) && IsWasm(FileKind::kComponent) && IsWasm(FileKind::kText));
  EXPECT_FALSE(IsWasm(FileKind::kForeignWasm) || IsWasm(FileKind::kPrecompiled) ||
               IsWasm(FileKind::kElf) || IsWasm(FileKind::kOther));
}

}  // namespace
}  // namespace stage
