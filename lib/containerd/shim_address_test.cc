// SPDX-License-Identifier: Apache-2.0
#include "containerd/shim_address.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "base/testing/temp_dir.h"
#include "containerd/limits.h"

namespace containerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Transport = Address::Transport;

constexpr char kContainerd[] = "/run/containerd/containerd.sock";
constexpr char kNameOfC1[] = "d25aa4ef11a84e954e74a5bcff06557d0b6ea8d0c00243896f29826694bbd888";

SocketOwner Owner(const std::string& group) {
  return {.grpc_address = kContainerd, .name_space = "default", .group = group};
}

TEST(SocketNameTest, IsTheHashOfTheJoinedPath) {  // SOCK-01
  EXPECT_EQ(SocketName(Owner("c1")), kNameOfC1);
  EXPECT_EQ(SocketName({.grpc_address = "/run/c.sock", .name_space = "k8s.io", .group = "abc"}),
            "8103d8459a569d1c20ba69c3f2a785a090706169fb3fb8744b6af34907110d6b");
}

TEST(SocketNameTest, DebugSocketHasANameOfItsOwn) {  // SOCK-03
  SocketOwner owner = Owner("c1");
  owner.debug = true;
  EXPECT_EQ(SocketName(owner), "3c26dcd5c4a5937250e0cb81a75fbad35bcc7a20d35d1a0f3a4da34928b0ae5a");
}

TEST(SocketNameTest, JoinsAsGoDoes) {
  const struct {
    SocketOwner owner;
    std::string hashed;
  } kCases[] = {
      {Owner(""), "/run/containerd/containerd.sock/default"},  // SOCK-08: an empty value counts
      {{.grpc_address = "", .name_space = "ns", .group = "id"}, "ns/id"},
      {{.grpc_address = "/run//c/", .name_space = "ns", .group = "id"}, "/run/c/ns/id"},
      {{.grpc_address = "/run/./c/x/..", .name_space = "ns", .group = "id"}, "/run/c/ns/id"},
      {{.grpc_address = "/../run", .name_space = "ns", .group = "id"}, "/run/ns/id"},
      {{.grpc_address = "../c", .name_space = "ns", .group = "id"}, "../c/ns/id"},
      {{.grpc_address = "c/../../d", .name_space = "ns", .group = "id"}, "../d/ns/id"},
      {{.grpc_address = "a", .name_space = "..", .group = ""}, "."},
      {{.grpc_address = "/run/c", .name_space = "ns", .group = "id/"}, "/run/c/ns/id"},
      {{.grpc_address = "", .name_space = "", .group = ""}, ""},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(SocketName(test.owner), base::Sha256Hex(test.hashed)) << test.hashed;
  }
}

TEST(SocketPathTest, UsesTheDefaultOrTheGivenDirectory) {  // SOCK-02
  EXPECT_EQ(*SocketPath(Owner("c1"), ""), absl::StrCat("/run/containerd/s/", kNameOfC1));
  EXPECT_EQ(*SocketPath(Owner("c1"), "/tmp/s"), absl::StrCat("/tmp/s/", kNameOfC1));
  EXPECT_EQ(*SocketPath(Owner("c1"), "/tmp/s/"), absl::StrCat("/tmp/s/", kNameOfC1));
}

TEST(SocketPathTest, RefusesDirectoriesTheContractForbids) {  // STDIN-10
  EXPECT_EQ(SocketPath(Owner("c1"), "run/s").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SocketPath(Owner("c1"), "/" + std::string(42, 'd')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SocketPathTest, IndependentOfTheLengthOfIds) {  // FLAG-08
  const SocketOwner owner = {.grpc_address = std::string(4000, 'a'),
                             .name_space = std::string(76, 'n'),
                             .group = std::string(64, 'g')};
  EXPECT_EQ(SocketPath(owner, "")->size(), absl::StrCat("/run/containerd/s/", kNameOfC1).size());
}

// SOCK-05: the longest permitted directory is one character too long for the limit.
TEST(SocketPathTest, ObeysTheLimitOfSocketPaths) {
  const std::string longest = "/" + std::string(40, 'd');
  EXPECT_EQ(SocketPath(Owner("c1"), longest)->size(), kSocketPathBytesMax);
  EXPECT_THAT(std::string(SocketPath(Owner("c1"), longest + "d").status().message()),
              HasSubstr("longer than 106"));
}

TEST(SocketPathTest, Validation) {
  EXPECT_TRUE(ValidateSocketPath("/x").ok());
  EXPECT_TRUE(ValidateSocketPath(std::string(106, 'x')).ok());
  EXPECT_FALSE(ValidateSocketPath(std::string(107, 'x')).ok());
  EXPECT_FALSE(ValidateSocketPath("").ok());
  EXPECT_FALSE(ValidateSocketPath(absl::string_view("/a\0b", 4)).ok());
}

TEST(GroupKeyTest, FirstAnnotationWinsEvenIfEmpty) {  // SOCK-08
  const std::string runc = "io.containerd.runc.v2.group";
  const std::string cri = "io.kubernetes.cri.sandbox-id";
  EXPECT_EQ(GroupKey({}, "c1"), "c1");
  EXPECT_EQ(GroupKey({{"other", "x"}}, "c1"), "c1");
  EXPECT_EQ(GroupKey({{cri, "pod"}}, "c1"), "pod");
  EXPECT_EQ(GroupKey({{runc, "group"}}, "c1"), "group");
  EXPECT_EQ(GroupKey({{cri, "pod"}, {runc, "group"}}, "c1"), "group");
  EXPECT_EQ(GroupKey({{cri, "pod"}, {runc, ""}}, "c1"), "");
  EXPECT_EQ(GroupKey({{cri, ""}}, "c1"), "");
}

TEST(SocketDirTest, CandidatesByUser) {  // STDIN-10
  EXPECT_THAT(SocketDirCandidates(0, "/run/user/0"), ElementsAre("/run/containerd/s"));
  EXPECT_THAT(SocketDirCandidates(1000, "/run/user/1000"),
              ElementsAre("/run/containerd/s", "/run/user/1000/containerd/s",
                          "/run/1000/containerd/s", "/tmp/containerd-s-1000"));
  EXPECT_THAT(SocketDirCandidates(1000, ""),
              ElementsAre("/run/containerd/s", "/run/1000/containerd/s", "/tmp/containerd-s-1000"));
  EXPECT_THAT(SocketDirCandidates(1000, "relative"),
              ElementsAre("/run/containerd/s", "/run/1000/containerd/s", "/tmp/containerd-s-1000"));
  EXPECT_THAT(SocketDirCandidates(1000, "/run/user/a-rather-long-directory-name"),
              ElementsAre("/run/containerd/s", "/run/1000/containerd/s", "/tmp/containerd-s-1000"));
}

TEST(SocketDirTest, IsMadePrivateAndMayExist) {  // SOCK-06
  base::testing::TempDir temp;
  const std::string dir = temp.File("a/b/s");
  ASSERT_TRUE(EnsureSocketDir(dir).ok());
  ASSERT_TRUE(EnsureSocketDir(dir).ok());
  ASSERT_TRUE(EnsureSocketDir(dir + "/").ok());
  struct stat info {};
  ASSERT_EQ(stat(dir.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
}

TEST(SocketDirTest, FailureNamesThePath) {
  base::testing::TempDir temp;
  base::testing::WriteFile(temp.File("file"), "");
  const absl::Status inside = EnsureSocketDir(temp.File("file/s"));
  EXPECT_FALSE(inside.ok());
  EXPECT_THAT(std::string(inside.message()), HasSubstr(temp.File("file/s")));
  const absl::Status same = EnsureSocketDir(temp.File("file"));
  EXPECT_FALSE(same.ok());
  EXPECT_THAT(std::string(same.message()), HasSubstr(temp.File("file")));
}

TEST(AddressTest, FormsOfTheContract) {  // OUT-07
  const struct {
    std::string text;
    Address address;
  } kCases[] = {
      {"unix:///run/s/x", {.transport = Transport::kUnix, .path = "/run/s/x"}},
      {"unix://relative", {.transport = Transport::kUnix, .path = "relative"}},
      {"/run/s/x", {.transport = Transport::kAbstract, .path = "/run/s/x"}},
      {"name", {.transport = Transport::kAbstract, .path = "name"}},
      {"unix:/x", {.transport = Transport::kAbstract, .path = "unix:/x"}},
      {"vsock://3:1024", {.transport = Transport::kVsock, .path = "", .cid = 3, .port = 1024}},
      {"vsock://4294967295:4294967295",
       {.transport = Transport::kVsock, .path = "", .cid = 4294967295, .port = 4294967295}},
      {"hvsock:///run/vm.sock:10",
       {.transport = Transport::kHybridVsock, .path = "/run/vm.sock", .cid = 0, .port = 10}},
  };
  for (const auto& test : kCases) {
    const absl::StatusOr<Address> parsed = ParseAddress(test.text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, test.address) << test.text;
    EXPECT_EQ(FormatAddress(test.address), test.text);
  }
}

TEST(AddressTest, RefusesTheRestQuotingIt) {
  for (const std::string bad : {"",
                                "unix://",
                                "tcp://1.2.3.4:5",
                                "UNIX:///x",
                                "://x",
                                "vsock://3",
                                "vsock://:1",
                                "vsock://3:",
                                "vsock://-1:5",
                                "vsock://+1:5",
                                "vsock:// 1:5",
                                "vsock://4294967296:1",
                                "vsock://1:4294967296",
                                "vsock://a:1",
                                "vsock://1:2:3",
                                "hvsock:///x",
                                "hvsock://:1",
                                "hvsock:///x:",
                                "hvsock:///x:y",
                                "hvsock:///x:1:2"}) {
    const absl::StatusOr<Address> parsed = ParseAddress(bad);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("\"" + bad + "\"")) << bad;
  }
  EXPECT_FALSE(ParseAddress("unix://" + std::string(107, 'x')).ok());
  EXPECT_FALSE(ParseAddress(std::string(107, 'x')).ok());
}

}  // namespace
}  // namespace containerd
