// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace backends {

// Which file, in which state: whoever writes to it, replaces or touches it makes it another.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;  // nobody can set it, where CtimeIsTheKernels()
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

FileIdentity IdentityOf(const struct stat& info);

// Whether only the kernel sets `changed_ns` of files on such a file system (statfs(2), f_type), so
// that an identity that was seen before stands for the same content.
bool CtimeIsTheKernels(std::int64_t f_type);

// One word, fit for a file name.
std::string IdentityWord(const FileIdentity& identity);

// What the cache knows about an artefact, kept in a file beside it.
struct CacheRecord {
  std::uint64_t size = 0;
  std::string sha256;
  // The file had this content when it was looked at: in that state of it, during that run of the
  // machine, its content need not be looked at again.
  FileIdentity identity;
  std::string boot;
  friend bool operator==(const CacheRecord&, const CacheRecord&) = default;
};

std::string WriteRecord(const CacheRecord& record);
// DATA_LOSS for anything that WriteRecord has not written.
absl::StatusOr<CacheRecord> ParseRecord(absl::string_view text);

}  // namespace backends
