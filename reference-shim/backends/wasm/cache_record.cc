// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/cache_record.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <linux/magic.h>

#include <vector>

namespace backends {
namespace {

constexpr absl::string_view kTitle = "shimgauge wasm record 1";
constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::size_t kSha256Digits = 64;

std::int64_t Nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * kNanoseconds + time.tv_nsec;
}

bool ParseIdentity(absl::string_view word, FileIdentity& identity) {
  const std::vector<absl::string_view> numbers = absl::StrSplit(word, ':');
  return numbers.size() == 5 && absl::SimpleAtoi(numbers[0], &identity.device) &&
         absl::SimpleAtoi(numbers[1], &identity.inode) &&
         absl::SimpleAtoi(numbers[2], &identity.size) &&
         absl::SimpleAtoi(numbers[3], &identity.modified_ns) &&
         absl::SimpleAtoi(numbers[4], &identity.changed_ns);
}

}  // namespace

FileIdentity IdentityOf(const struct stat& info) {
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .size = static_cast<std::uint64_t>(info.st_size),
          .modified_ns = Nanoseconds(info.st_mtim),
          .changed_ns = Nanoseconds(info.st_ctim)};
}

// Named one by one, since elsewhere it comes from an image (erofs, squashfs, FUSE, overlays of
// those), a server or a stream (zfs receive), whose authors choose it; and the next image mounted
// may get the device number of the last one.
bool CtimeIsTheKernels(std::int64_t f_type) {
  switch (f_type) {
    case EXT4_SUPER_MAGIC:  // ext2 and ext3 have the same
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
      return true;
    default:
      return false;
  }
}

std::string IdentityWord(const FileIdentity& identity) {
  return absl::StrCat(identity.device, ":", identity.inode, ":", identity.size, ":",
                      identity.modified_ns, ":", identity.changed_ns);
}

std::string WriteRecord(const CacheRecord& record) {
  return absl::StrCat(kTitle, "\n", record.size, "\n", record.sha256, "\n",
                      IdentityWord(record.identity), "\n", record.boot, "\n");
}

absl::StatusOr<CacheRecord> ParseRecord(absl::string_view text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  CacheRecord record;
  if (lines.size() != 6 || lines[0] != kTitle || !absl::SimpleAtoi(lines[1], &record.size) ||
      lines[2].size() != kSha256Digits || !ParseIdentity(lines[3], record.identity) ||
      lines[4].empty() || !lines[5].empty()) {
    return absl::DataLossError("not a record of the module cache");
  }
  record.sha256 = std::string(lines[2]);
  record.boot = std::string(lines[4]);
  return record;
}

}  // namespace backends
