// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "reference-shim/backends/wasm/cache_record.h"

namespace backends {

// The module cache on disk. Several shims work in it at once. Nothing here is flushed to the disk:
// what a crash of the machine has damaged is found by its digest, since the machine was started
// anew.
//
//   KEY.cwasm     native code; appears by rename, is never written to again
//   KEY.record    cache_record.h; its modification time is when the code was last asked for
//   digests/      symbolic links: a file's identity -> the SHA-256 it has
//   lock          byte ranges of it are locked, one per key
class CacheDirectory {
 public:
  // Makes it if it is not there. FAILED_PRECONDITION for one that others may enter or own, or that
  // is reached through a symbolic link; the message names it and says what it should be.
  static absl::StatusOr<CacheDirectory> Open(const std::string& path);

  CacheDirectory(CacheDirectory&&) = default;
  CacheDirectory& operator=(CacheDirectory&&) = default;

  [[nodiscard]] const std::string& path() const { return path_; }

  struct Found {
    base::UniqueFd code;  // !ok(): there is none, or none that may be used
    FileIdentity identity;
    std::optional<CacheRecord> record;
    bool verified = false;  // its content is known to be what `record` says
  };
  // Notes that it was asked for.
  [[nodiscard]] Found Find(const std::string& key) const;

  // A file without a name in the directory yet, for Store(). Read and write.
  struct Draft {
    base::UniqueFd file;
    std::string name;
  };
  absl::StatusOr<Draft> NewDraft();
  void Discard(const Draft& draft) const;

  // The draft, complete and with that digest, becomes the code of `key`; read-only.
  absl::StatusOr<base::UniqueFd> Store(const std::string& key, Draft draft,
                                       const std::string& sha256);
  // Found code whose content was found to be what its record says.
  absl::Status MarkVerified(const std::string& key, const Found& found);
  // The code of `key` is not to be used any more.
  void Forget(const std::string& key) const;

  // Takes the lock of `key`, until the descriptor is closed. UNAVAILABLE: somebody has it.
  absl::StatusOr<base::UniqueFd> TryLock(const std::string& key) const;
  // Waits for it and lets it go: for a process of its own.
  [[nodiscard]] absl::Status AwaitLock(const std::string& key) const;

  // The digest that a file in this state was found to have. Only for files on a file system with
  // CtimeIsTheKernels(): on others, other files may come to be in the same state.
  [[nodiscard]] std::optional<std::string> RememberedDigest(const FileIdentity& identity) const;
  void RememberDigest(const FileIdentity& identity, const std::string& sha256) const;

  // Removes what was not asked for longest until all code takes no more than `bytes_max`, save that
  // of `keep`; and drafts of shims that died.
  void Shrink(std::uint64_t bytes_max, const std::string& keep) const;

 private:
  CacheDirectory(std::string path, std::string boot, base::UniqueFd directory,
                 base::UniqueFd digests)
      : path_(std::move(path)),
        boot_(std::move(boot)),
        directory_(std::move(directory)),
        digests_(std::move(digests)) {}

  absl::Status WriteRecordFile(const std::string& key, const CacheRecord& record);
  absl::StatusOr<base::UniqueFd> OpenLock() const;

  std::string path_;
  std::string boot_;
  base::UniqueFd directory_;
  base::UniqueFd digests_;
  std::uint64_t drafts_ = 0;
};

}  // namespace backends
