// SPDX-License-Identifier: Apache-2.0
#include "oci/spec_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oci/minimal_spec.h"
#include "oci/spec_parser.h"
#include "oci/testing/full_spec.h"

namespace oci {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SpecWriterTest, WhatIsWrittenIsReadBackEqual) {
  for (const Spec& spec : {Spec{}, testing::FullSpec(), MinimalLinuxSpec({"/init", "a b"})}) {
    const absl::StatusOr<std::string> text = WriteSpec(spec);
    ASSERT_TRUE(text.ok()) << text.status();
    const absl::StatusOr<Spec> read = ParseSpec(*text);
    ASSERT_TRUE(read.ok()) << read.status() << "\n" << *text;
    EXPECT_EQ(*read, spec) << *text;
  }
}

TEST(SpecWriterTest, ProcessAndResourcesAreReadBackEqual) {
  const Spec spec = testing::FullSpec();
  EXPECT_EQ(*ParseProcess(*WriteProcess(spec.process)), spec.process);
  EXPECT_EQ(*ParseResources(*WriteResources(spec.linux.resources)), spec.linux.resources);
  EXPECT_EQ(*ParseProcess(*WriteProcess({})), Process{});
  EXPECT_EQ(*WriteResources({}), "{}");
}

TEST(SpecWriterTest, FormOfTheText) {
  EXPECT_EQ(*WriteSpec({.oci_version = "1.0.2"}), "{\n  \"ociVersion\": \"1.0.2\"\n}\n");
  EXPECT_EQ(*WriteProcess({.args = {"a"}, .cwd = "/"}),
            R"({"user":{"uid":0,"gid":0},"args":["a"],"cwd":"/"})");
}

TEST(SpecWriterTest, PresenceOfOptionalsIsKept) {
  const Resources resources = {.memory = MemoryResources{}, .cpu = CpuResources{.shares = 0}};
  EXPECT_EQ(*WriteResources(resources), R"({"memory":{},"cpu":{"shares":0}})");
}

TEST(SpecWriterTest, RefusesTextsThatAreNotJson) {
  Spec spec;
  spec.linux.seccomp_json = "{";
  EXPECT_EQ(WriteSpec(spec).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(WriteSpec(spec).status().message()), HasSubstr("linux.seccomp"));
  spec.linux.seccomp_json.clear();
  spec.linux.resources.other_json["unified"] = "x";
  EXPECT_THAT(std::string(WriteSpec(spec).status().message()), HasSubstr("resources.unified"));
}

TEST(SpecWriterTest, RefusesStringsThatAreNotUtf8) {
  EXPECT_EQ(WriteSpec({.hostname = "\xff"}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteProcess({.args = {"\xc3"}}).status().code(), absl::StatusCode::kInvalidArgument);
  // A replacement character that was meant is no replacement.
  EXPECT_TRUE(WriteSpec({.hostname = "\xef\xbf\xbd"}).ok());
}

TEST(MinimalSpecTest, HasWhatAnEngineDemands) {
  const Spec spec = MinimalLinuxSpec({"/init"});
  EXPECT_THAT(spec.process.args, ::testing::ElementsAre("/init"));
  EXPECT_EQ(spec.process.cwd, "/");
  EXPECT_EQ(spec.root.path, "rootfs");
  EXPECT_TRUE(spec.process.rlimits.empty());
  EXPECT_EQ(spec.process.oom_score_adj, std::nullopt);
  EXPECT_TRUE(HasPrivatePidNamespace(spec));
}

}  // namespace
}  // namespace oci
