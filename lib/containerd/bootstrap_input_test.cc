// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "bootstrap/v1/bootstrap.pb.h"
#include "containerd/bootstrap.h"

namespace containerd {
namespace {

using Form = StartInput::Form;

runc::v1::Options SomeOptions() {
  runc::v1::Options options;
  options.set_binary_name("crun");
  options.set_root("/run/engine");
  options.set_systemd_cgroup(true);
  options.set_shim_cgroup("/shims");
  return options;
}

StartParams SomeParams() {
  return {.id = "c1",
          .name_space = "default",
          .containerd_version = "2.4.0",
          .ttrpc_address = "/run/containerd/containerd.sock.ttrpc",
          .grpc_address = "/run/containerd/containerd.sock",
          .binary = "/usr/bin/containerd",
          .socket_dir = "/run/containerd/s"};
}

StartInput Parse(const std::string& bytes) { return ParseStartInput(bytes, "c1", "default"); }

TEST(StartInputTest, Empty) {  // STDIN-07
  const StartInput input = Parse("");
  EXPECT_EQ(input.form, Form::kEmpty);
  EXPECT_FALSE(input.options);
  EXPECT_FALSE(input.log_level);
  EXPECT_EQ(EncodeLegacyOptions(std::nullopt), "");
}

TEST(StartInputTest, LegacyOptions) {  // STDIN-01
  const StartInput input = Parse(EncodeLegacyOptions(RuncOptionsAny(SomeOptions())));
  EXPECT_EQ(input.form, Form::kLegacyOptions);
  ASSERT_TRUE(input.options);
  EXPECT_EQ(input.options->SerializeAsString(), SomeOptions().SerializeAsString());
  EXPECT_EQ(input.raw_options.type_url(), "containerd.runc.v1.Options");
  EXPECT_FALSE(input.log_level);
  EXPECT_EQ(input.socket_dir, "");
  EXPECT_EQ(input.ttrpc_address, "");
}

// The bytes a 1.6 daemon writes: field 1 the type's bare name, field 2 the options.
TEST(StartInputTest, LegacyOptionsOnTheWire) {
  const std::string expected =
      "\x0a\x1a" + std::string("containerd.runc.v1.Options") + "\x12\x06\x32\x04" + "crun";
  runc::v1::Options options;
  options.set_binary_name("crun");
  EXPECT_EQ(EncodeLegacyOptions(RuncOptionsAny(options)), expected);
  EXPECT_EQ(Parse(expected).options->binary_name(), "crun");
}

TEST(StartInputTest, TypePrefixesAreAccepted) {
  google::protobuf::Any any = RuncOptionsAny(SomeOptions());
  any.set_type_url("type.googleapis.com/containerd.runc.v1.Options");
  EXPECT_EQ(Parse(any.SerializeAsString()).form, Form::kLegacyOptions);
}

TEST(StartInputTest, Params) {  // STDIN-02, STDIN-03
  StartParams params = SomeParams();
  params.extensions = {RuncOptionsAny(SomeOptions())};
  const StartInput input = Parse(EncodeBootstrapParams(params));
  EXPECT_EQ(input.form, Form::kParams);
  EXPECT_EQ(input.socket_dir, "/run/containerd/s");
  EXPECT_EQ(input.ttrpc_address, "/run/containerd/containerd.sock.ttrpc");
  EXPECT_EQ(input.log_level, base::LogLevel::kInfo);
  ASSERT_TRUE(input.options);
  EXPECT_EQ(input.options->binary_name(), "crun");
  EXPECT_EQ(input.raw_options.value(), SomeOptions().SerializeAsString());
}

TEST(StartInputTest, ParamsEncodeEveryField) {
  StartParams params = SomeParams();
  params.log_level = -4;
  params.extensions = {RuncOptionsAny(SomeOptions())};
  runtime::bootstrap::v1::BootstrapParams message;
  ASSERT_TRUE(message.ParseFromString(EncodeBootstrapParams(params)));
  EXPECT_EQ(message.instance_id(), "c1");
  EXPECT_EQ(message.namespace_(), "default");
  EXPECT_EQ(message.log_level(), runtime::bootstrap::v1::LOG_LEVEL_DEBUG);
  EXPECT_EQ(message.containerd_version(), "2.4.0");
  EXPECT_EQ(message.containerd_ttrpc_address(), "/run/containerd/containerd.sock.ttrpc");
  EXPECT_EQ(message.containerd_grpc_address(), "/run/containerd/containerd.sock");
  EXPECT_EQ(message.containerd_binary(), "/usr/bin/containerd");
  EXPECT_EQ(message.socket_dir(), "/run/containerd/s");
  ASSERT_EQ(message.extensions_size(), 1);
  EXPECT_EQ(message.extensions(0).value().type_url(), "containerd.runc.v1.Options");
}

TEST(StartInputTest, ParamsWithoutOptionalParts) {
  StartParams params = SomeParams();
  params.socket_dir.reset();
  const std::string bytes = EncodeBootstrapParams(params);
  runtime::bootstrap::v1::BootstrapParams message;
  ASSERT_TRUE(message.ParseFromString(bytes));
  EXPECT_FALSE(message.has_socket_dir());
  const StartInput input = Parse(bytes);
  EXPECT_EQ(input.form, Form::kParams);
  EXPECT_FALSE(input.options);
  EXPECT_EQ(input.raw_options.type_url(), "");
}

TEST(StartInputTest, ForeignExtensionsAreSkipped) {
  google::protobuf::Any foreign;
  foreign.set_type_url("example.Options");
  foreign.set_value("\xff\xff");
  google::protobuf::Any broken = RuncOptionsAny(SomeOptions());
  broken.set_value("\xff\xff");
  StartParams params = SomeParams();
  params.extensions = {foreign, broken, RuncOptionsAny(SomeOptions())};
  const StartInput input = Parse(EncodeBootstrapParams(params));
  EXPECT_EQ(input.form, Form::kParams);
  ASSERT_TRUE(input.options);
  EXPECT_EQ(input.options->binary_name(), "crun");
}

TEST(StartInputTest, ParamsForAnotherShimAreIgnored) {  // STDIN-05
  const std::string bytes = EncodeBootstrapParams(SomeParams());
  EXPECT_EQ(ParseStartInput(bytes, "c2", "default").form, Form::kIgnored);
  EXPECT_EQ(ParseStartInput(bytes, "c1", "other").form, Form::kIgnored);
  EXPECT_EQ(ParseStartInput(bytes, "c2", "default").socket_dir, "");
}

// STDIN-05: a legacy payload decodes as BootstrapParams as well, with the type name for an id.
TEST(StartInputTest, LegacyOptionsAreNotMistakenForParams) {
  runc::v1::Options options;
  options.set_root("/x");
  const std::string bytes = EncodeLegacyOptions(RuncOptionsAny(options));
  runtime::bootstrap::v1::BootstrapParams message;
  ASSERT_TRUE(message.ParseFromString(bytes));
  EXPECT_EQ(message.instance_id(), "containerd.runc.v1.Options");
  EXPECT_EQ(Parse(bytes).form, Form::kLegacyOptions);
}

TEST(StartInputTest, WhatCannotBeUsedIsIgnored) {  // STDIN-06
  google::protobuf::Any foreign;
  foreign.set_type_url("runtimeoptions.v1.Options");
  foreign.set_value("x");
  google::protobuf::Any untyped;
  untyped.set_value(SomeOptions().SerializeAsString());
  google::protobuf::Any broken = RuncOptionsAny(SomeOptions());
  broken.set_value("\xff\xff");
  for (const std::string& bytes :
       {foreign.SerializeAsString(), untyped.SerializeAsString(), broken.SerializeAsString(),
        std::string("garbage"), std::string("\xff\xff\xff"), std::string("{\"id\":1}"),
        std::string(1, '\0')}) {
    const StartInput input = Parse(bytes);
    EXPECT_EQ(input.form, Form::kIgnored);
    EXPECT_FALSE(input.options);
    EXPECT_EQ(input.raw_options.ByteSizeLong(), 0u);
  }
}

// START-03: the value of field 2 is a string in one payload and bytes in the other; nobody may
// complain on stderr about that.
TEST(StartInputTest, SilentAboutBytesThatAreNoText) {
  runc::v1::Options options;
  options.set_io_uid(4294967295);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Parse(EncodeLegacyOptions(RuncOptionsAny(options))).options->io_uid(), 4294967295);
  EXPECT_EQ(Parse("\x0a\x02\xff\xff").form, Form::kIgnored);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(StartInputTest, EveryTruncationIsSafe) {
  StartParams params = SomeParams();
  params.extensions = {RuncOptionsAny(SomeOptions())};
  const std::string bytes = EncodeBootstrapParams(params);
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    const StartInput input = Parse(bytes.substr(0, length));
    // Field 8 and 9 come last, so a shorter text is params without them or nothing at all.
    EXPECT_TRUE(input.form == Form::kParams || input.form == Form::kIgnored) << length;
  }
}

TEST(StartInputTest, LogLevels) {  // STDIN-04
  const struct {
    int level;
    base::LogLevel expected;
  } kCases[] = {
      {-1000, base::LogLevel::kDebug}, {-8, base::LogLevel::kDebug},
      {-4, base::LogLevel::kDebug},    {-3, base::LogLevel::kDebug},
      {-2, base::LogLevel::kInfo},     {0, base::LogLevel::kInfo},
      {1, base::LogLevel::kInfo},      {2, base::LogLevel::kWarning},
      {4, base::LogLevel::kWarning},   {5, base::LogLevel::kWarning},
      {6, base::LogLevel::kError},     {8, base::LogLevel::kError},
      {12, base::LogLevel::kError},    {1000, base::LogLevel::kError},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(LogLevelFromBootstrap(test.level), test.expected) << test.level;
    StartParams params = SomeParams();
    params.log_level = test.level;
    EXPECT_EQ(Parse(EncodeBootstrapParams(params)).log_level, test.expected) << test.level;
  }
}

}  // namespace
}  // namespace containerd
