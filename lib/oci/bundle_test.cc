// SPDX-License-Identifier: Apache-2.0
#include "oci/bundle.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "oci/limits.h"
#include "oci/minimal_spec.h"
#include "oci/testing/full_spec.h"

namespace oci {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::set<std::string> Names(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

struct stat Stat(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info;
}
unsigned Mode(const std::string& path) { return Stat(path).st_mode & 07777; }

class BundleTest : public base::testing::ProcessTest {
 protected:
  BundleTest() : old_umask_(umask(022)) {}
  ~BundleTest() override { umask(old_umask_); }

  const std::string path_ = temp_.File("bundle");
  const mode_t old_umask_;
};

TEST_F(BundleTest, HoldsConfigAndRootfs) {
  ASSERT_TRUE(WriteBundle(path_, MinimalLinuxSpec({"/init"})).ok());
  EXPECT_THAT(Names(path_), UnorderedElementsAre("config.json", "rootfs"));
  EXPECT_THAT(Names(temp_.path()), UnorderedElementsAre("bundle"));
  EXPECT_EQ(*ReadSpec(path_), MinimalLinuxSpec({"/init"}));
}

// HARN-01: the modes are exact, whatever the umask.
TEST_F(BundleTest, ModesDoNotDependOnTheUmask) {
  for (const mode_t mask : {0u, 022u, 077u, 0777u}) {
    const std::string path = temp_.File(absl::StrCat("bundle", mask));
    umask(mask);
    const absl::Status status =
        WriteBundle(path, Spec{}, {.work_directory = path + "-work", .log_fifo = true});
    umask(022);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(Mode(path), 0700u);
    EXPECT_EQ(Mode(path + "/rootfs"), 0711u);
    EXPECT_EQ(Mode(path + "/config.json"), 0644u);
    EXPECT_EQ(Mode(path + "/log"), 0700u);
    EXPECT_TRUE(S_ISFIFO(Stat(path + "/log").st_mode));
    EXPECT_EQ(Mode(path + "-work"), 0700u);
  }
}

TEST_F(BundleTest, WorkPointsToADirectoryThatMayExist) {
  const std::string work = temp_.File("work");
  ASSERT_EQ(mkdir(work.c_str(), 0750), 0);
  ASSERT_TRUE(WriteBundle(path_, Spec{}, {.work_directory = work}).ok());
  EXPECT_EQ(std::filesystem::read_symlink(path_ + "/work"), work);
  EXPECT_EQ(Mode(work), 0750u) << "an existing directory is left alone";
}

TEST_F(BundleTest, GroupOfAUserNamespaceMaySearchTheBundle) {  // FILE-09
  if (geteuid() != 0) GTEST_SKIP() << "changing the group of a directory takes root";
  Spec spec = MinimalLinuxSpec({"/init"});
  spec.linux.namespaces.push_back({.type = "user"});
  spec.linux.gid_mappings = {{.container_id = 5, .host_id = 1, .size = 1},
                             {.container_id = 0, .host_id = 100000, .size = 65536}};
  ASSERT_TRUE(WriteBundle(path_, spec).ok());
  EXPECT_EQ(Mode(path_), 0710u);
  EXPECT_EQ(Stat(path_).st_gid, 100000u);
}

TEST_F(BundleTest, UnmappedRootGroupLeavesNothingBehind) {
  Spec spec;
  spec.linux.namespaces = {{.type = "user"}};
  spec.linux.gid_mappings = {{.container_id = 1, .host_id = 100000, .size = 1}};
  const absl::Status status = WriteBundle(path_, spec);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  EXPECT_TRUE(Names(temp_.path()).empty());
}

TEST_F(BundleTest, RefusesATakenPath) {
  ASSERT_TRUE(WriteBundle(path_, MinimalLinuxSpec({"/first"})).ok());
  const absl::Status again = WriteBundle(path_, MinimalLinuxSpec({"/second"}));
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(again.message()), HasSubstr(path_));
  EXPECT_EQ(ReadSpec(path_)->process.args[0], "/first");
  EXPECT_THAT(Names(temp_.path()), UnorderedElementsAre("bundle"));

  const std::string empty = temp_.File("empty");
  ASSERT_EQ(mkdir(empty.c_str(), 0700), 0);
  EXPECT_EQ(WriteBundle(empty, Spec{}).code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(BundleTest, FailuresNameThePathAndLeaveNothing) {
  const std::string nowhere = temp_.File("missing/bundle");
  const absl::Status absent = WriteBundle(nowhere, Spec{});
  EXPECT_EQ(absent.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(absent.message()), HasSubstr(nowhere));

  const absl::Status unwritable = WriteBundle(path_, {.hostname = "\xff"});
  EXPECT_EQ(unwritable.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unwritable.message()), HasSubstr(path_));

  const absl::Status work =
      WriteBundle(path_, Spec{}, {.work_directory = temp_.File("missing/work")});
  EXPECT_EQ(work.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(work.message()), HasSubstr(temp_.File("missing/work")));
  EXPECT_TRUE(Names(temp_.path()).empty());
}

TEST_F(BundleTest, ReadingNamesTheFile) {
  EXPECT_EQ(ReadConfig(path_).status().code(), absl::StatusCode::kNotFound);
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
  const std::string config = path_ + "/config.json";
  base::testing::WriteFile(config, "{\n  \"process\": {\"args\": 3}\n}");
  EXPECT_EQ(*ReadConfig(path_), "{\n  \"process\": {\"args\": 3}\n}");
  EXPECT_EQ(ReadSpec(path_).status().message(), config + ": process.args: expected an array");
  base::testing::WriteFile(config, "{");
  EXPECT_THAT(std::string(ReadSpec(path_).status().message()), HasSubstr(config + ": line 1"));
  base::testing::WriteFile(config, "");
  EXPECT_EQ(*ReadConfig(path_), "");
}

TEST_F(BundleTest, ReadingIsBounded) {
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
  base::testing::WriteFile(path_ + "/config.json", std::string(kJsonBytesMax + 1, ' '));
  EXPECT_EQ(ReadConfig(path_).status().code(), absl::StatusCode::kResourceExhausted);
  base::testing::WriteFile(path_ + "/config.json", std::string(kJsonBytesMax, ' '));
  EXPECT_EQ(ReadConfig(path_)->size(), kJsonBytesMax);
  // A file whose size is unknown beforehand.
  std::filesystem::remove(path_ + "/config.json");
  std::filesystem::create_symlink("/dev/zero", path_ + "/config.json");
  EXPECT_EQ(ReadConfig(path_).status().code(), absl::StatusCode::kResourceExhausted);
}

// The proof that the bundles are bundles: a real engine runs them.
class RuncTest : public BundleTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "running a container takes root";
    for (const char* candidate : {"/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc"}) {
      if (access(candidate, X_OK) == 0) runc_ = candidate;
    }
    if (runc_.empty()) GTEST_SKIP() << "runc is not installed";
  }

  base::testing::RunResult Run(const std::string& program, const Strings& arguments) {
    Strings args = {"/" + program};
    args.insert(args.end(), arguments.begin(), arguments.end());
    EXPECT_TRUE(WriteBundle(path_, MinimalLinuxSpec(args)).ok());
    std::filesystem::copy_file(absl::StrCat(SHIMGAUGE_FIXTURES, "/", program),
                               absl::StrCat(path_, "/rootfs/", program));
    const std::string id = absl::StrCat("oci-bundle-test-", getpid());
    return *base::testing::RunToExit(runc_,
                                     {"--root", temp_.File("state"), "run", "--bundle", path_, id});
  }

  std::string runc_;
};

TEST_F(RuncTest, RunsTheProgramWithItsArguments) {
  const base::testing::RunResult run = Run("exit_code", {"7"});
  EXPECT_EQ(run.status.ShellStatus(), 7u) << run.err;
}

TEST_F(RuncTest, RunsInNamespacesAsRootWithTheUsualCapabilities) {
  const base::testing::RunResult run = Run("print_identity", {});
  EXPECT_EQ(run.status.ShellStatus(), 0u) << run.err;
  for (const char* line : {"\npid 1\n", "\nhostname container\n", "uid 0 0 0\n", "\ncwd /\n",
                           "\nno_new_privs 1\n", "\ncap_effective 00000000a80425fb\n"}) {
    EXPECT_THAT(run.out, HasSubstr(line));
  }
}

}  // namespace
}  // namespace oci
