// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference-shim/shim/program_name.h"

namespace shim {
namespace {

using ::testing::HasSubstr;

TEST(Options, ReadsContainerdsCommandLine) {
  const auto options = ParseOptions(
      {"-namespace", "default", "-address", "/run/containerd/containerd.sock", "-publish-binary",
       "/usr/bin/containerd", "-id", "c1", "-bundle", "/b", "-debug", "delete"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(*options, (Options{.id = "c1",
                               .namespace_name = "default",
                               .address = "/run/containerd/containerd.sock",
                               .publish_binary = "/usr/bin/containerd",
                               .bundle = "/b",
                               .debug = true,
                               .action = "delete"}));
}

TEST(Options, TakesBothDashesAndEquals) {
  const auto one = ParseOptions({"-id", "c1", "-namespace", "n", "start"});
  const auto two = ParseOptions({"--namespace=n", "--id=c1", "start"});
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(*one, *two);
}

TEST(Options, VersionAndInfoNeedNothingElse) {
  EXPECT_TRUE(ParseOptions({"-v"})->version);
  EXPECT_TRUE(ParseOptions({"-version"})->version);
  EXPECT_TRUE(ParseOptions({"-info"})->info);
  EXPECT_EQ(*ParseOptions({}), Options());
}

TEST(Options, NamesTheWrongWord) {
  EXPECT_THAT(ParseOptions({"-nope"}).status().message(), HasSubstr("-nope"));
  EXPECT_THAT(ParseOptions({"-id"}).status().message(), HasSubstr("-id"));
  EXPECT_THAT(ParseOptions({"start", "-id"}).status().message(), HasSubstr("-id"));
}

TEST(Options, IdentityHasToBeThereAndValid) {
  const auto with = [](const std::string& name_space, const std::string& id) {
    return RequireIdentity({.id = id, .namespace_name = name_space});
  };
  EXPECT_TRUE(with("k8s.io", "c1").ok());
  EXPECT_TRUE(with(std::string(76, 'n'), std::string(64, 'c')).ok());
  EXPECT_THAT(with("", "c1").message(), HasSubstr("namespace"));
  EXPECT_THAT(with("../x", "c1").message(), HasSubstr("namespace"));
  EXPECT_THAT(with(std::string(77, 'n'), "c1").message(), HasSubstr("namespace"));
  EXPECT_THAT(with("default", "").message(), HasSubstr("id"));
  EXPECT_THAT(with("default", "a/b").message(), HasSubstr("id"));
}

TEST(ProgramName, YieldsTheRuntimesName) {
  EXPECT_EQ(ProgramName("/usr/bin/containerd-shim-reference-v1"), "containerd-shim-reference-v1");
  EXPECT_EQ(RuntimeName("/usr/bin/containerd-shim-reference-v1"), "io.containerd.reference.v1");
  EXPECT_EQ(RuntimeName("containerd-shim-two-words-v2"), "io.containerd.two-words.v2");
  EXPECT_EQ(RuntimeName("other"), "other");
  EXPECT_EQ(RuntimeName("containerd-shim-x"), "containerd-shim-x");
}

}  // namespace
}  // namespace shim
