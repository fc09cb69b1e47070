// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/module_file.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/testing/run.h"
#include "base/testing/temp_dir.h"

namespace backends {
namespace {

using ::base::testing::WriteFile;
using ::testing::HasSubstr;

const std::string kMagic("\0asm\1\0\0\0", 8);

class ModuleFileTest : public ::testing::Test {
 protected:
  ModuleFileTest() {
    std::filesystem::create_directories(temp_.File("rootfs/usr/lib"));
    spec_.root.path = "rootfs";
    spec_.process.cwd = "/";
  }
  // What is read from the module that `argument` names; or why not.
  std::string Read(const std::string& argument) {
    const auto root = RootOfBundle(spec_, temp_.path());
    if (!root.ok()) return std::string(root.status().message());
    const auto file = OpenModule(*root, spec_.process, ParseModuleName(argument));
    return file.ok() ? base::testing::ReadToEof(*file) : std::string(file.status().message());
  }
  bool IsWasm(const std::string& argument) {
    spec_.process.args = {argument};
    return IsWasmTask(spec_, temp_.path());
  }
  std::string Inside(const std::string& path) { return temp_.File("rootfs/" + path); }

  base::testing::TempDir temp_;
  oci::Spec spec_;
};

TEST_F(ModuleFileTest, TheEntryPointFollowsTheFirstMark) {
  EXPECT_EQ(ParseModuleName("/a.wasm"), (ModuleName{.path = "/a.wasm", .entry = ""}));
  EXPECT_EQ(ParseModuleName("/a.wasm#f#g"), (ModuleName{.path = "/a.wasm", .entry = "f#g"}));
  EXPECT_EQ(ParseModuleName("#"), ModuleName());
}

TEST_F(ModuleFileTest, PathsAreFoundAsInsideTheContainer) {
  WriteFile(Inside("a.wasm"), "top");
  WriteFile(Inside("usr/lib/b.wasm"), "deep");
  EXPECT_EQ(Read("/a.wasm"), "top");
  EXPECT_EQ(Read("a.wasm"), "top");
  spec_.process.cwd = "/usr";
  EXPECT_EQ(Read("lib/b.wasm#f"), "deep");
  EXPECT_THAT(Read("b.wasm"), HasSubstr("exec: \"b.wasm\": "));
  spec_.process.env = {"PATH=/bin", "PATH=relative:/nowhere:/usr/lib"};
  EXPECT_EQ(Read("b.wasm"), "deep");
}

TEST_F(ModuleFileTest, NoPathLeadsOutOfTheContainer) {
  WriteFile(temp_.File("outside.wasm"), "secret");
  std::filesystem::create_symlink(temp_.File("outside.wasm"), Inside("absolute.wasm"));
  std::filesystem::create_symlink("../outside.wasm", Inside("relative.wasm"));
  for (const char* path : {"/../outside.wasm", "/absolute.wasm", "/relative.wasm"}) {
    EXPECT_THAT(Read(path), HasSubstr("no such file or directory"));
  }
  std::filesystem::create_symlink("/usr/lib/b.wasm", Inside("inside.wasm"));
  WriteFile(Inside("usr/lib/b.wasm"), "deep");
  EXPECT_EQ(Read("/inside.wasm"), "deep");
}

TEST_F(ModuleFileTest, WhatIsBoundIntoTheContainerIsFoundThere) {
  std::filesystem::create_directory(temp_.File("volume"));
  WriteFile(temp_.File("volume/v.wasm"), "volume");
  WriteFile(temp_.File("one.wasm"), "one");
  WriteFile(Inside("usr/lib/b.wasm"), "hidden");
  spec_.mounts = {{.destination = "/usr/lib", .type = "bind", .source = temp_.File("volume")},
                  {.destination = "/app.wasm",
                   .type = "none",
                   .source = "one.wasm",
                   .options = {"rbind", "ro"}}};
  EXPECT_EQ(Read("/usr/lib/v.wasm"), "volume");
  EXPECT_EQ(Read("/app.wasm"), "one");
  EXPECT_THAT(Read("/usr/lib/b.wasm"), HasSubstr("no such file or directory"));
  EXPECT_THAT(Read("/usr/lib/../../one.wasm"), HasSubstr("no such file or directory"));
}

TEST_F(ModuleFileTest, OnlyRegularFilesAreOpened) {
  ASSERT_EQ(::mkfifo(Inside("fifo.wasm").c_str(), 0600), 0);
  EXPECT_THAT(Read("/fifo.wasm"), HasSubstr("not a regular file"));
  EXPECT_THAT(Read("/usr"), HasSubstr("not a regular file"));
}

TEST_F(ModuleFileTest, ATaskIsWasmByNameByHeaderOrByDemand) {
  WriteFile(Inside("plain"), kMagic);
  WriteFile(Inside("script"), "#!/bin/sh\n");
  EXPECT_TRUE(IsWasm("/plain"));
  EXPECT_TRUE(IsWasm("/plain#f"));
  EXPECT_TRUE(IsWasm("/absent.wasm"));
  EXPECT_TRUE(IsWasm("absent.wat#f"));
  EXPECT_FALSE(IsWasm("/script"));
  EXPECT_FALSE(IsWasm("/absent"));
  EXPECT_FALSE(IsWasm("sh"));
  spec_.annotations["run.oci.handler"] = "wasm";
  EXPECT_TRUE(IsWasm("/script"));
}

TEST_F(ModuleFileTest, AnythingElseInAWasmContainerIsRefused) {
  WriteFile(Inside("plain"), kMagic);
  WriteFile(Inside("sh"), "\177ELF");
  WriteFile(Inside("sh.wasm"), "\177ELF");
  const auto root = RootOfBundle(spec_, temp_.path());
  ASSERT_TRUE(root.ok());
  const auto require = [&](const char* path) {
    const ModuleName name = ParseModuleName(path);
    return RequireWasm(*OpenModule(*root, spec_.process, name), name);
  };
  EXPECT_TRUE(require("/plain").ok());
  EXPECT_TRUE(require("/sh.wasm").ok()) << "the compiler will say what it is";
  EXPECT_THAT(std::string(require("/sh").message()), HasSubstr("exec: \"/sh\": not a Wasm module"));
}

}  // namespace
}  // namespace backends
