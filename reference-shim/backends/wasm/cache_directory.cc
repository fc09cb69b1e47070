// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/cache_directory.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/strip.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "reference-shim/backends/wasm/limits.h"

namespace backends {
namespace {

constexpr mode_t kParentMode = 0755;
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kOthers = 077;
constexpr char kDigests[] = "digests";
constexpr char kLock[] = "lock";
constexpr char kBootId[] = "/proc/sys/kernel/random/boot_id";
constexpr std::size_t kRecordBytesMax = 4096;
constexpr std::size_t kKeyDigitsLocked = 15;  // as many as an off_t holds

std::string CodeName(const std::string& key) { return key + ".cwasm"; }
std::string RecordName(const std::string& key) { return key + ".record"; }

bool IsOursAlone(const struct stat& info) {
  return info.st_uid == ::geteuid() && (info.st_mode & kOthers) == 0;
}

absl::Status MakeParents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (::mkdir(parent.c_str(), kParentMode) != 0 && errno != EEXIST) {
      return base::ErrnoStatus(errno, absl::StrCat("mkdir ", parent));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<base::UniqueFd> OpenOwn(int parent, const std::string& name,
                                       const std::string& path) {
  if (::mkdirat(parent, name.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return base::ErrnoStatus(errno, absl::StrCat("mkdir ", path));
  }
  base::UniqueFd directory(
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.ok() && (errno == ELOOP || errno == ENOTDIR)) {
    return absl::FailedPreconditionError(
        absl::StrCat("module cache ", path, ": expected a directory, and no link to one"));
  }
  struct stat info = {};
  if (!directory.ok() || ::fstat(directory.get(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("module cache ", path));
  }
  if (!IsOursAlone(info)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("module cache %s: owner %d, mode %04o; expected owner %d, mode 0700", path,
                        info.st_uid, info.st_mode & 07777, ::geteuid()));
  }
  return directory;
}

// Empty on any trouble.
std::string ReadSmall(int fd) {
  std::string text(kRecordBytesMax, '\0');
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

// Locks of an open file description: they go with its last descriptor, whatever else this process
// closes.
struct flock RangeOf(const std::string& key) {
  struct flock range = {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  std::uint64_t start = 0;
  (void)absl::SimpleHexAtoi(key.substr(0, kKeyDigitsLocked), &start);
  range.l_start = static_cast<off_t>(start);
  range.l_len = 1;
  return range;
}

struct Entry {
  std::string key;
  std::uint64_t size = 0;
  timespec asked{};
};

bool Earlier(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

// Calls `visit(name)` for every entry but "." and "..".
template <typename Visit>
void ForEachName(int directory, Visit visit) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), &::closedir);
  if (stream == nullptr) {
    ::close(copy);
    return;
  }
  while (const dirent* entry = ::readdir(stream.get())) {
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(std::string(name));
  }
}

}  // namespace

absl::StatusOr<CacheDirectory> CacheDirectory::Open(const std::string& path) {
  if (path.empty() || path[0] != '/') {
    return absl::InvalidArgumentError(
        absl::StrCat("module cache \"", path, "\": expected an absolute path"));
  }
  RETURN_IF_ERROR(MakeParents(path));
  ASSIGN_OR_RETURN(base::UniqueFd directory, OpenOwn(AT_FDCWD, path, path));
  ASSIGN_OR_RETURN(base::UniqueFd digests,
                   OpenOwn(directory.get(), kDigests, absl::StrCat(path, "/", kDigests)));
  ASSIGN_OR_RETURN(std::string boot, base::ReadKernelFile(kBootId));
  return CacheDirectory(path, std::string(absl::StripAsciiWhitespace(boot)), std::move(directory),
                        std::move(digests));
}

CacheDirectory::Found CacheDirectory::Find(const std::string& key) const {
  Found found;
  base::UniqueFd code(
      ::openat(directory_.get(), CodeName(key).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info = {};
  if (!code.ok() || ::fstat(code.get(), &info) != 0) return found;
  if (!S_ISREG(info.st_mode) || !IsOursAlone(info)) return found;
  found.identity = IdentityOf(info);
  const base::UniqueFd file(
      ::openat(directory_.get(), RecordName(key).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.ok() || ::fstat(file.get(), &info) != 0 || !IsOursAlone(info)) return found;
  absl::StatusOr<CacheRecord> record = ParseRecord(ReadSmall(file.get()));
  if (!record.ok() || record->size != found.identity.size) return found;
  ::futimens(file.get(), nullptr);
  found.code = std::move(code);
  found.verified = record->identity == found.identity && record->boot == boot_;
  found.record = *std::move(record);
  return found;
}

absl::StatusOr<CacheDirectory::Draft> CacheDirectory::NewDraft() {
  // Process ids repeat, but a process of this id is not there beside us.
  Draft draft{.name = absl::StrCat("draft-", ::getpid(), "-", ++drafts_)};
  ::unlinkat(directory_.get(), draft.name.c_str(), 0);
  draft.file.reset(::openat(directory_.get(), draft.name.c_str(),
                            O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!draft.file.ok()) {
    return base::ErrnoStatus(errno, absl::StrCat("module cache ", path_, ": creating a file"));
  }
  return draft;
}

void CacheDirectory::Discard(const Draft& draft) const {
  ::unlinkat(directory_.get(), draft.name.c_str(), 0);
}

absl::StatusOr<base::UniqueFd> CacheDirectory::Store(const std::string& key, Draft draft,
                                                     const std::string& sha256) {
  const std::string name = CodeName(key);
  // What is known of the previous code must not be taken for knowledge of this.
  Forget(key);
  if (::renameat(directory_.get(), draft.name.c_str(), directory_.get(), name.c_str()) != 0) {
    const int error = errno;
    Discard(draft);
    return base::ErrnoStatus(error, absl::StrCat("module cache ", path_, ": renaming to ", name));
  }
  draft.file.reset();
  base::UniqueFd code(::openat(directory_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info = {};
  if (!code.ok() || ::fstat(code.get(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("module cache ", path_, "/", name));
  }
  RETURN_IF_ERROR(WriteRecordFile(key, {.size = static_cast<std::uint64_t>(info.st_size),
                                        .sha256 = sha256,
                                        .identity = IdentityOf(info),
                                        .boot = boot_}));
  return code;
}

absl::Status CacheDirectory::MarkVerified(const std::string& key, const Found& found) {
  CacheRecord record = *found.record;
  record.identity = found.identity;
  record.boot = boot_;
  return WriteRecordFile(key, record);
}

absl::Status CacheDirectory::WriteRecordFile(const std::string& key, const CacheRecord& record) {
  ASSIGN_OR_RETURN(const Draft draft, NewDraft());
  const std::string text = WriteRecord(record);
  const ssize_t wrote = ::write(draft.file.get(), text.data(), text.size());
  const int error = wrote < 0 ? errno : ENOSPC;
  if (wrote == static_cast<ssize_t>(text.size()) &&
      ::renameat(directory_.get(), draft.name.c_str(), directory_.get(), RecordName(key).c_str()) ==
          0) {
    return absl::OkStatus();
  }
  Discard(draft);
  return base::ErrnoStatus(error, absl::StrCat("module cache ", path_, ": writing a record"));
}

void CacheDirectory::Forget(const std::string& key) const {
  ::unlinkat(directory_.get(), RecordName(key).c_str(), 0);
}

absl::StatusOr<base::UniqueFd> CacheDirectory::OpenLock() const {
  base::UniqueFd file(
      ::openat(directory_.get(), kLock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (file.ok()) return file;
  return base::ErrnoStatus(errno, absl::StrCat("module cache ", path_, "/", kLock));
}

absl::StatusOr<base::UniqueFd> CacheDirectory::TryLock(const std::string& key) const {
  ASSIGN_OR_RETURN(base::UniqueFd file, OpenLock());
  struct flock range = RangeOf(key);
  if (::fcntl(file.get(), F_OFD_SETLK, &range) == 0) return file;
  if (errno == EAGAIN || errno == EACCES) {
    return absl::UnavailableError("another shim compiles this module");
  }
  return base::ErrnoStatus(errno, absl::StrCat("module cache ", path_, "/", kLock));
}

absl::Status CacheDirectory::AwaitLock(const std::string& key) const {
  // A copy of this process has none of its descriptors, hence by path.
  const base::UniqueFd file(
      ::open(absl::StrCat(path_, "/", kLock).c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  struct flock range = RangeOf(key);
  while (::fcntl(file.get(), F_OFD_SETLKW, &range) != 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, absl::StrCat(path_, "/", kLock));
  }
  return absl::OkStatus();
}

std::optional<std::string> CacheDirectory::RememberedDigest(const FileIdentity& identity) const {
  std::array<char, NAME_MAX> target;
  const ssize_t size =
      ::readlinkat(digests_.get(), IdentityWord(identity).c_str(), target.data(), target.size());
  if (size != 64) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(size));
}

void CacheDirectory::RememberDigest(const FileIdentity& identity, const std::string& sha256) const {
  std::size_t count = 0;
  ForEachName(digests_.get(), [&count](const std::string&) { ++count; });
  if (count >= kDigestsRememberedMax) {
    // They are only remembered; the next one who asks computes.
    ForEachName(digests_.get(),
                [this](const std::string& name) { ::unlinkat(digests_.get(), name.c_str(), 0); });
  }
  // One that is there already says the same.
  (void)::symlinkat(sha256.c_str(), digests_.get(), IdentityWord(identity).c_str());
}

void CacheDirectory::Shrink(std::uint64_t bytes_max, const std::string& keep) const {
  std::vector<Entry> entries;
  std::vector<std::string> drafts;
  std::uint64_t total = 0;
  ForEachName(directory_.get(), [&](const std::string& name) {
    struct stat info = {};
    if (::fstatat(directory_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
    absl::string_view key = name;
    if (absl::ConsumeSuffix(&key, ".cwasm")) {
      Entry entry{.key = std::string(key),
                  .size = static_cast<std::uint64_t>(info.st_size),
                  .asked = info.st_mtim};
      if (::fstatat(directory_.get(), RecordName(entry.key).c_str(), &info, AT_SYMLINK_NOFOLLOW) ==
          0) {
        entry.asked = info.st_mtim;
      }
      total += entry.size;
      entries.push_back(std::move(entry));
    } else if (absl::StartsWith(name, "draft-") &&
               ::time(nullptr) - info.st_mtim.tv_sec > kDraftSecondsMax) {
      drafts.push_back(name);
    }
  });
  for (const std::string& name : drafts) ::unlinkat(directory_.get(), name.c_str(), 0);
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return Earlier(a.asked, b.asked); });
  for (const Entry& entry : entries) {
    if (total <= bytes_max) return;
    if (entry.key == keep) continue;
    Forget(entry.key);
    ::unlinkat(directory_.get(), CodeName(entry.key).c_str(), 0);
    total -= entry.size;
  }
}

}  // namespace backends
