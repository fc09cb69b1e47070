// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/testing/temp_dir.h"
#include "runc/options.pb.h"

namespace backends {
namespace {

using ::base::testing::ReadFile;
using ::base::testing::TempDir;
using ::base::testing::WriteFile;
using ::testing::HasSubstr;

containerd::runc::v1::Options SomeOptions() {
  containerd::runc::v1::Options options;
  options.set_binary_name("/opt/a \"quoted\"\\engine\n");
  options.set_root("/engine/root");
  options.set_systemd_cgroup(true);
  options.set_no_pivot_root(true);
  options.set_criu_work_path("/criu/work");
  return options;
}

const EngineOptions kSomeOptions = {.binary = "/opt/a \"quoted\"\\engine\n",
                                    .root = "/engine/root",
                                    .systemd_cgroup = true,
                                    .no_pivot_root = true,
                                    .criu_work_path = "/criu/work"};

TEST(EngineOptions, AbsentOnesAreTheDefaults) {
  EXPECT_EQ(ParseEngineOptions({}).value(), EngineOptions()) << "CREATE-07";
  EXPECT_EQ(ParseEngineOptions({.type_url = "whatever", .value = ""}).value(), EngineOptions());
}

TEST(EngineOptions, AreReadUnderTheirBareOrPrefixedType) {
  for (const std::string type :
       {"containerd.runc.v1.Options", "type.googleapis.com/containerd.runc.v1.Options"}) {
    const auto options =
        ParseEngineOptions({.type_url = type, .value = SomeOptions().SerializeAsString()});
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_EQ(*options, kSomeOptions);
  }
}

TEST(EngineOptions, OtherTypesAndBrokenBytesAreRefused) {
  const auto foreign = ParseEngineOptions({.type_url = "runtimeoptions.v1.Options", .value = "x"});
  EXPECT_EQ(foreign.status().code(), absl::StatusCode::kInvalidArgument) << "CREATE-08";
  EXPECT_THAT(std::string(foreign.status().message()), HasSubstr("runtimeoptions.v1.Options"));
  EXPECT_FALSE(ParseEngineOptions({.type_url = "", .value = "x"}).ok());
  EXPECT_FALSE(
      ParseEngineOptions({.type_url = "containerd.runc.v1.Options", .value = "\xff"}).ok());
}

TEST(EngineOptions, SurviveInTheBundle) {
  const TempDir bundle;
  ASSERT_TRUE(SaveEngineOptions(bundle.path(), kSomeOptions).ok());
  EXPECT_EQ(LoadEngineOptions(bundle.path()).value(), kSomeOptions);
  EXPECT_EQ(ReadFile(bundle.File("runtime")), kSomeOptions.binary);
  for (const char* name : {"options.json", "runtime"}) {
    struct stat info {};
    ASSERT_EQ(::stat(bundle.File(name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U) << "FILE-06";
  }
  ASSERT_TRUE(SaveEngineOptions(bundle.path(), {}).ok());
  EXPECT_EQ(LoadEngineOptions(bundle.path()).value(), EngineOptions());
  EXPECT_EQ(ReadFile(bundle.File("options.json")), "{}");
}

TEST(EngineOptions, OfOtherShimsAreUnderstood) {
  const TempDir bundle;
  EXPECT_EQ(LoadEngineOptions(bundle.path()).value(), EngineOptions()) << "no files at all";
  WriteFile(bundle.File("runtime"), "crun");
  EXPECT_EQ(LoadEngineOptions(bundle.path()).value(), EngineOptions{.binary = "crun"})
      << "1.4 wrote nothing else";
  WriteFile(bundle.File("options.json"),
            R"({"binary_name":"crun","root":"/r","task_api_version":3,"shim_cgroup":"/s"})");
  EXPECT_EQ(LoadEngineOptions(bundle.path()).value(),
            (EngineOptions{.binary = "crun", .root = "/r"}))
      << "REC-30";
  WriteFile(bundle.File("options.json"), "{");
  EXPECT_EQ(LoadEngineOptions(bundle.path()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(EngineOptions, AMissingBundleIsAnError) {
  EXPECT_FALSE(SaveEngineOptions("/no/such/bundle", {}).ok());
}

}  // namespace
}  // namespace backends
