// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/bootstrap_support.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <google/protobuf/any.pb.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/kernel_file.h"
#include "runc/options.pb.h"
#include "types/runtime_info.pb.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::Not;

constexpr char kFeaturesType[] =
    "types.containerd.io/opencontainers/runtime-spec/1/features/Features";

// Whatever lives besides this check's known daemons: pid and command of each.
std::vector<std::string> Living(CheckContext& check) {
  std::vector<std::string> living;
  for (const ProcessInfo& process : check.World().All()) {
    if (process.state == 'Z') continue;  // reaped by the worker in a moment
    living.push_back(absl::StrCat(process.pid, " ", absl::StrJoin(process.argv, " ")));
  }
  std::sort(living.begin(), living.end());
  return living;
}

std::vector<std::string> Added(const std::vector<std::string>& before,
                               const std::vector<std::string>& after) {
  std::vector<std::string> added;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::back_inserter(added));
  return added;
}

void JudgeRefusalAgainst(CheckContext& check, const StartResult& result,
                         const std::string& circumstance, const std::vector<std::string>& living,
                         const std::vector<std::string>& sockets) {
  check.EXPECT_THAT(
      result.command.timed_out, Eq(false),
      {.text = absl::StrCat("`start` ends although ", circumstance), .code = why::kReplyMissing});
  check.EXPECT_THAT(result.command.exit.signal, Eq(0),
                    {.text = absl::StrCat("`start` does not crash because ", circumstance),
                     .code = why::kShimCrashed,
                     .requirement = "START-07"});
  check.EXPECT_THAT(
      result.command.exit.ShellStatus(), Ne(0u),
      {.text = absl::StrCat("`start` fails because ", circumstance), .code = why::kStartAccepted});
  check.EXPECT_THAT(result.command.standard_output, Not(IsEmpty()),
                    {.text = absl::StrCat("`start` gives a reason: ", circumstance),
                     .code = why::kStartOutput,
                     .requirement = "START-07"});
  std::vector<std::string> left;
  check.Eventually([&] {
    left = Added(living, Living(check));
    return left.empty();
  });
  check.EXPECT_THAT(left, IsEmpty(),
                    {.text = absl::StrCat("no daemon is left after a refusal: ", circumstance),
                     .code = why::kLeftProcess,
                     .requirement = "START-07"});
  check.EXPECT_THAT(Added(sockets, SocketFiles(check)), IsEmpty(),
                    {.text = absl::StrCat("no socket is left after a refusal: ", circumstance),
                     .code = why::kLeftSocket,
                     .requirement = "START-07"});
}

containerd::types::RuntimeInfo ParseInfo(CheckContext& check, const std::string& output) {
  containerd::types::RuntimeInfo info;
  check.ASSERT_THAT(info.ParseFromString(output), Eq(true),
                    {.text = "stdout of -info is one serialized RuntimeInfo",
                     .code = why::kStartOutput,
                     .requirement = "INFO-01"});
  return info;
}

}  // namespace

StartResult RequireStart(CheckContext& check, const Bundle& bundle, const StartOptions& options) {
  StartResult result = check.RunStart(bundle, options);
  check.ASSERT_THAT(result.usable(), Eq(true),
                    {.text = absl::StrCat("`start`: ", ::testing::PrintToString(result)),
                     .code = why::kStartFailed,
                     .requirement = "START-02"});
  return result;
}

ShimUnderTest& CheckConnects(CheckContext& check, const Bundle& bundle, const StartResult& result) {
  ShimUnderTest& shim = check.ConnectTo(result.address, result.version < 3 ? 2 : 3);
  check.EXPECT_THAT(shim.Connect(bundle.id), IsOk(), {.requirement = "START-06"});
  return shim;
}

void ExpectStarts(CheckContext& check, const Bundle& bundle, const StartOptions& options,
                  const std::string& circumstance) {
  const StartResult result = check.RunStart(bundle, options);
  check.ASSERT_THAT(
      result.usable(), Eq(true),
      {.text = absl::StrCat("`start` with ", circumstance, ": ", ::testing::PrintToString(result)),
       .code = why::kStartFailed});
  CheckConnects(check, bundle, result);
}

void ExpectRefusal(CheckContext& check, const Bundle& bundle, const StartOptions& options,
                   const std::string& circumstance) {
  // A shim that refuses everything proves nothing: the same bundle directory without the fault must
  // start. (Law 1: green needs a live positive observation.)
  const Bundle healthy = check.MakeBundle(Program("pause"));
  CheckConnects(check, healthy, RequireStart(check, healthy));

  const std::vector<std::string> living = Living(check);
  const std::vector<std::string> sockets = SocketFiles(check);
  JudgeRefusalAgainst(check, check.RunStart(bundle, options), circumstance, living, sockets);
}

void JudgeRefusal(CheckContext& check, const Bundle& /*bundle*/, const StartResult& result,
                  const std::string& circumstance) {
  JudgeRefusalAgainst(check, result, absl::StrCat("it does not speak ", circumstance), {}, {});
}

void JudgeRuntimeInfo(CheckContext& check, const std::string& output) {
  const containerd::types::RuntimeInfo info = ParseInfo(check, output);
  check.EXPECT_THAT(info.name(), Not(IsEmpty()),
                    {.text = "RuntimeInfo names the runtime",
                     .code = why::kStartOutput,
                     .requirement = "INFO-03"});
  if (info.has_features() && info.features().type_url() == kFeaturesType) {
    check.EXPECT_THAT(
        info.features().value(), ::testing::StartsWith("{"),
        {.text = "features are JSON", .code = why::kStartOutput, .requirement = "INFO-04"});
  }
}

void JudgeRuntimeInfoOptions(CheckContext& check, const std::string& output,
                             const std::string& options_any) {
  google::protobuf::Any given;
  given.ParseFromString(options_any);
  const containerd::types::RuntimeInfo info = ParseInfo(check, output);
  check.EXPECT_THAT(info.options().type_url(), Eq(given.type_url()), {.code = why::kStartOutput});
  check.EXPECT_THAT(info.options().value(), Eq(given.value()), {.code = why::kStartOutput});
  check.EXPECT_THAT(info.features().type_url(), Eq(kFeaturesType),
                    {.text = "-info with the options of an engine tells of its features",
                     .code = why::kStartOutput,
                     .requirement = "INFO-04"});
}

std::string RuncOptions(const std::string& binary_name) {
  containerd::runc::v1::Options options;
  options.set_binary_name(binary_name);
  return options.SerializeAsString();
}

std::string RuncOptionsAny(const std::string& binary_name) {
  google::protobuf::Any any;
  any.set_type_url("containerd.runc.v1.Options");
  any.set_value(RuncOptions(binary_name));
  return any.SerializeAsString();
}

std::string UnknownAny() {
  google::protobuf::Any any;
  any.set_type_url("org.shimgauge.nobody.knows.this.v1.Options");
  any.set_value("\x0a\x03two");
  return any.SerializeAsString();
}

std::string ReadWholeFile(const std::string& path) {
  return base::ReadKernelFile(path).value_or("");
}

std::vector<std::string> SocketFiles(CheckContext& check) {
  std::vector<std::string> sockets;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(check.SocketDirectory(), error)) {
    if (entry.is_socket(error)) sockets.push_back(entry.path().string());
  }
  std::sort(sockets.begin(), sockets.end());
  return sockets;
}

}  // namespace conformance
