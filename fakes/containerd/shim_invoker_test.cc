// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/shim_invoker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "bootstrap/v1/bootstrap.pb.h"
#include "containerd/bootstrap.h"
#include "google/protobuf/any.pb.h"
#include "runc/options.pb.h"

namespace fakes {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::StartsWith;

const Daemon kDaemon = {.shim = "/bin/shim",
                        .grpc_address = "/run/c.sock",
                        .ttrpc_address = "/run/c.sock.ttrpc",
                        .publish_binary = "/bin/containerd"};

ShimAction Action() {
  ShimAction action;
  action.ns = "ns";
  action.id = "c1";
  action.bundle = "/b/c1";
  action.working_directory = "/b/c1";
  return action;
}

// FLAG-03.
TEST(ShimInvoker, StartHasContainerdsFlagsInItsOrder) {
  const CommandSpec start = StartCommand(kDaemon, Action(), "in");
  EXPECT_EQ(start.path, "/bin/shim");
  EXPECT_THAT(start.arguments,
              ElementsAre("-namespace", "ns", "-address", "/run/c.sock", "-publish-binary",
                          "/bin/containerd", "-id", "c1", "start"));
  EXPECT_EQ(start.working_directory, "/b/c1");
  EXPECT_EQ(start.standard_input, "in");
  EXPECT_TRUE(start.one_pipe);
}

TEST(ShimInvoker, DeleteHasTheBundleAndSeparateOutputs) {
  ShimAction action = Action();
  action.debug = true;
  const CommandSpec remove = DeleteCommand(kDaemon, action);
  EXPECT_THAT(remove.arguments,
              ElementsAre("-namespace", "ns", "-address", "/run/c.sock", "-publish-binary",
                          "/bin/containerd", "-id", "c1", "-bundle", "/b/c1", "-debug", "delete"));
  EXPECT_EQ(remove.standard_input, "");
  EXPECT_FALSE(remove.one_pipe);
}

// FLAG-01.
TEST(ShimInvoker, FlagsCanBeSpelledEachWayGoAllows) {
  ShimAction action = Action();
  action.double_dash = true;
  action.equals = true;
  action.extra_flags = {"--more"};
  EXPECT_THAT(StartCommand(kDaemon, action, "").arguments,
              ElementsAre("--namespace=ns", "--address=/run/c.sock",
                          "--publish-binary=/bin/containerd", "--id=c1", "--more", "start"));
}

TEST(ShimInvoker, EnvironmentIsContainerdsOnTopOfOurs) {
  ::setenv("SHIM_INVOKER_TEST", "inherited", 1);
  Daemon daemon = kDaemon;
  daemon.env = {{"TMPDIR", "/t"}, {"GOMAXPROCS", "8"}};
  ShimAction action = Action();
  action.env = {{"TMPDIR", "/u"}};
  action.remove_env = {"MAX_SHIM_VERSION"};
  const auto env = *StartCommand(daemon, action, "").env;
  EXPECT_THAT(env, Contains("TTRPC_ADDRESS=/run/c.sock.ttrpc"));
  EXPECT_THAT(env, Contains("GRPC_ADDRESS=/run/c.sock"));
  EXPECT_THAT(env, Contains("NAMESPACE=ns"));
  EXPECT_THAT(env, Contains("GOMAXPROCS=8"));
  EXPECT_THAT(env, Contains("TMPDIR=/u"));
  EXPECT_THAT(env, Contains("SHIM_INVOKER_TEST=inherited"));
  EXPECT_THAT(env, Not(Contains(StartsWith("MAX_SHIM_VERSION="))));
  ::unsetenv("SHIM_INVOKER_TEST");
  EXPECT_THAT(*StartCommand(kDaemon, Action(), "").env, Contains("MAX_SHIM_VERSION=2"));
}

TEST(ShimInvoker, LegacyInputIsEmptyOrAnAnyWithOptions) {
  EXPECT_EQ(StartInputBytes(StartDialect::kLegacy, kDaemon, Action(), "", "/s"), "");
  containerd::runc::v1::Options options;
  options.set_binary_name("crun");
  const std::string bytes =
      StartInputBytes(StartDialect::kLegacy, kDaemon, Action(), options.SerializeAsString(), "");
  google::protobuf::Any any;
  ASSERT_TRUE(any.ParseFromString(bytes));
  EXPECT_EQ(any.type_url(), "containerd.runc.v1.Options");
  EXPECT_EQ(any.value(), options.SerializeAsString());
}

TEST(ShimInvoker, ParamsInputSaysAllOfIt) {
  ShimAction action = Action();
  action.debug = true;
  const std::string bytes =
      StartInputBytes(StartDialect::kParams, kDaemon, action, "\x1a\x01x", "/s");
  containerd::runtime::bootstrap::v1::BootstrapParams params;
  ASSERT_TRUE(params.ParseFromString(bytes));
  EXPECT_EQ(params.instance_id(), "c1");
  EXPECT_EQ(params.namespace_(), "ns");
  EXPECT_EQ(params.log_level(), containerd::runtime::bootstrap::v1::LOG_LEVEL_DEBUG);
  EXPECT_EQ(params.containerd_ttrpc_address(), "/run/c.sock.ttrpc");
  EXPECT_EQ(params.containerd_grpc_address(), "/run/c.sock");
  EXPECT_EQ(params.socket_dir(), "/s");
  ASSERT_EQ(params.extensions_size(), 1);
  EXPECT_EQ(params.extensions(0).value().type_url(), "containerd.runc.v1.Options");
  // Believed by a shim that checks whom they are for (STDIN-05).
  EXPECT_EQ(containerd::ParseStartInput(bytes, "c1", "ns").form,
            containerd::StartInput::Form::kParams);
}

}  // namespace
}  // namespace fakes
