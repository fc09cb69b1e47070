// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/cache_record.h"

#include <absl/strings/str_replace.h>
#include <gtest/gtest.h>
#include <sys/statfs.h>

#include <string>

namespace backends {
namespace {

const CacheRecord kRecord = {.size = 17,
                             .sha256 = std::string(64, 'a'),
                             .identity = {.device = 1,
                                          .inode = 18446744073709551615U,
                                          .size = 17,
                                          .modified_ns = -3,
                                          .changed_ns = 1'700'000'000'123'456'789},
                             .boot = "0d7f2b3a"};

TEST(CacheRecordTest, ComesBackAsItWas) {
  const auto again = ParseRecord(WriteRecord(kRecord));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, kRecord);
}

TEST(CacheRecordTest, AnythingElseIsNone) {
  const std::string good = WriteRecord(kRecord);
  // Cut short anywhere, as by a crash.
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ParseRecord(good.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(ParseRecord(good + "x").ok());
  EXPECT_FALSE(ParseRecord(good + "\n").ok());
  EXPECT_FALSE(ParseRecord(absl::StrReplaceAll(good, {{"record 1", "record 2"}})).ok());
  EXPECT_FALSE(ParseRecord(absl::StrReplaceAll(good, {{"aaa", "aa"}})).ok());
  EXPECT_FALSE(ParseRecord(absl::StrReplaceAll(good, {{"17:", "x:"}})).ok());
}

TEST(CacheRecordTest, IdentityChangesWithEachOfItsParts) {
  struct stat info = {};
  info.st_dev = 1;
  info.st_ino = 2;
  info.st_size = 3;
  info.st_mtim = {.tv_sec = 4, .tv_nsec = 5};
  info.st_ctim = {.tv_sec = 6, .tv_nsec = 7};
  const FileIdentity identity = IdentityOf(info);
  EXPECT_EQ(IdentityWord(identity), "1:2:3:4000000005:6000000007");
  struct stat other = info;
  other.st_ctim.tv_nsec = 8;
  EXPECT_NE(IdentityOf(other), identity);
  other = info;
  other.st_ino = 9;
  EXPECT_NE(IdentityOf(other), identity);
}

TEST(CacheRecordTest, TimeStampsCountOnlyWhereNobodyBringsThemAlong) {
  for (const std::int64_t ours : {0xEF53L, 0x58465342L, 0x9123683EL, 0xF2F52010L, 0x01021994L}) {
    EXPECT_TRUE(CtimeIsTheKernels(ours)) << ours;
  }
  // overlay, erofs, squashfs, FUSE, NFS, 9p, zfs; and what nobody knows
  for (const std::int64_t theirs : {0x794C7630L, 0xE0F5E1E2L, 0x73717368L, 0x65735546L, 0x6969L,
                                    0x01021997L, 0x2FC12FC1L, 0L, -1L}) {
    EXPECT_FALSE(CtimeIsTheKernels(theirs)) << theirs;
  }
  struct statfs proc = {};
  ASSERT_EQ(::statfs("/proc", &proc), 0);
  EXPECT_FALSE(CtimeIsTheKernels(proc.f_type));
}

}  // namespace
}  // namespace backends
