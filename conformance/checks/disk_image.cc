// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/disk_image.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>

#include "base/unique_fd.h"

namespace conformance {
namespace {

// One group of blocks: boot block, superblock, the group's descriptor, two bitmaps, the inodes and
// what the root directory holds. Little endian, as on the disk.
constexpr std::size_t kBlock = 1024;
constexpr std::size_t kBlocks = 256;
constexpr std::size_t kInodes = 16;
constexpr std::size_t kReservedInodes = 10;
constexpr std::size_t kInodeBytes = 128;
constexpr std::size_t kSuperAt = 1;
constexpr std::size_t kGroupAt = 2;
constexpr std::size_t kBlockMapAt = 3;
constexpr std::size_t kInodeMapAt = 4;
constexpr std::size_t kInodesAt = 5;
constexpr std::size_t kRootAt = 7;
constexpr std::size_t kRootInode = 2;
constexpr std::size_t kFreeBlocks = kBlocks - kRootAt - 1;
constexpr std::size_t kFreeInodes = kInodes - kReservedInodes;

class Disk {
 public:
  Disk() : bytes_(kBlocks * kBlock, '\0') {}

  void Put16(std::size_t at, std::size_t value) {
    bytes_[at] = static_cast<char>(value & 0xffU);
    bytes_[at + 1] = static_cast<char>(value >> 8U);
  }
  void Put32(std::size_t at, std::size_t value) {
    Put16(at, value & 0xffffU);
    Put16(at + 2, value >> 16U);
  }
  // Marks `used` of `count` as taken, and what is beyond them.
  void PutMap(std::size_t block, std::size_t used, std::size_t count) {
    for (std::size_t bit = 0; bit < kBlock * 8; ++bit) {
      if (bit >= used && bit < count) continue;
      char& byte = bytes_[block * kBlock + bit / 8];
      byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << bit % 8);
    }
  }
  void PutName(std::size_t at, std::size_t inode, std::size_t length, const char* name) {
    Put32(at, inode);
    Put16(at + 4, length);
    const std::string text(name);
    Put16(at + 6, text.size());
    bytes_.replace(at + 8, text.size(), text);
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

void PutSuperblock(Disk& disk) {
  constexpr std::size_t kAt = kSuperAt * kBlock;
  constexpr std::size_t kMagic = 0xef53;
  constexpr std::size_t kBlocksPerGroup = kBlock * 8;
  disk.Put32(kAt + 0, kInodes);
  disk.Put32(kAt + 4, kBlocks);
  disk.Put32(kAt + 12, kFreeBlocks);
  disk.Put32(kAt + 16, kFreeInodes);
  disk.Put32(kAt + 20, kSuperAt);  // the first block with data
  disk.Put32(kAt + 32, kBlocksPerGroup);
  disk.Put32(kAt + 36, kBlocksPerGroup);  // of fragments
  disk.Put32(kAt + 40, kInodes);          // per group
  disk.Put16(kAt + 54, 0xffff);           // may be mounted without end
  disk.Put16(kAt + 56, kMagic);
  disk.Put16(kAt + 58, 1);  // clean
  disk.Put16(kAt + 60, 1);  // errors do not end anything
  disk.Put32(kAt + 76, 1);  // the revision with sizes of inodes
  disk.Put32(kAt + 84, kReservedInodes + 1);
  disk.Put16(kAt + 88, kInodeBytes);
}

void PutGroup(Disk& disk) {
  constexpr std::size_t kAt = kGroupAt * kBlock;
  disk.Put32(kAt + 0, kBlockMapAt);
  disk.Put32(kAt + 4, kInodeMapAt);
  disk.Put32(kAt + 8, kInodesAt);
  disk.Put16(kAt + 12, kFreeBlocks);
  disk.Put16(kAt + 14, kFreeInodes);
  disk.Put16(kAt + 16, 1);  // directory
  disk.PutMap(kBlockMapAt, kRootAt, kBlocks - kSuperAt);
  disk.PutMap(kInodeMapAt, kReservedInodes, kInodes);
}

void PutRoot(Disk& disk) {
  constexpr std::size_t kAt = kInodesAt * kBlock + (kRootInode - 1) * kInodeBytes;
  constexpr std::size_t kSectors = kBlock / 512;
  disk.Put16(kAt + 0, 040755);
  disk.Put32(kAt + 4, kBlock);  // bytes
  disk.Put16(kAt + 26, 2);      // links
  disk.Put32(kAt + 28, kSectors);
  disk.Put32(kAt + 40, kRootAt);
  constexpr std::size_t kDot = 12;
  disk.PutName(kRootAt * kBlock, kRootInode, kDot, ".");
  disk.PutName(kRootAt * kBlock + kDot, kRootInode, kBlock - kDot, "..");
}

}  // namespace

std::string EmptyExt2() {
  Disk disk;
  PutSuperblock(disk);
  PutGroup(disk);
  PutRoot(disk);
  return disk.bytes();
}

DiskImage::DiskImage(CheckContext& check) : file_(check.ScratchDirectory() + "/disk") {
  std::ofstream(file_, std::ios::binary) << EmptyExt2();
  absl::StatusOr<base::LoopDevice> loop = base::AttachLoopDevice(file_, /*readonly=*/false);
  if (!loop.ok()) check.Skip(absl::StrCat("no disk can be made: ", loop.status().message()));
  loop_ = *std::move(loop);
}

bool DiskImage::Holds(const std::string& bytes) const {
  std::ifstream file(file_, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return all.find(bytes) != std::string::npos;
}

bool DiskImage::InUse() const {
  return !base::UniqueFd(::open(loop_.path.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC)).ok();
}

}  // namespace conformance
