// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/shim_binary.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/sha256.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "conformance/harness/world.h"

namespace conformance {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> SearchPath() {
  const char* path = std::getenv("PATH");
  return absl::StrSplit(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin", ':',
                        absl::SkipEmpty());
}

// OK if `path` is a file that may be executed.
absl::Status CheckExecutable(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  if (S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is a directory, not a program"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no regular file"));
  }
  // Root may execute whatever anybody may.
  if ((info.st_mode & 0111) == 0 || ::access(path.c_str(), X_OK) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not executable"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Locate(const std::string& argument) {
  if (argument.empty()) return absl::InvalidArgumentError("the name of the shim is empty");
  if (absl::StrContains(argument, '/')) return argument;
  for (const std::string& directory : SearchPath()) {
    std::string candidate = absl::StrCat(directory, "/", argument);
    struct stat info {};
    if (::stat(candidate.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        (info.st_mode & 0111) != 0) {
      return candidate;
    }
  }
  struct stat info {};
  const bool here = ::stat(argument.c_str(), &info) == 0;
  const char* path = std::getenv("PATH");
  return absl::InvalidArgumentError(
      absl::StrCat("no program ", argument, " in PATH (", path != nullptr ? path : "", ")",
                   here ? absl::StrCat("; did you mean ./", argument, "?") : ""));
}

absl::StatusOr<std::string> HashFile(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return base::ErrnoStatus(errno, absl::StrCat("stat ", path));
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) return base::Sha256Hex("");
  void* const bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) return base::ErrnoStatus(errno, absl::StrCat("mmap ", path));
  std::string hash = base::Sha256Hex(absl::string_view(static_cast<const char*>(bytes), size));
  ::munmap(bytes, size);
  return hash;
}

void Append(const std::vector<std::string>& from, std::vector<std::string>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

absl::StatusOr<ShimBinary> FindShim(const std::string& argument) {
  absl::StatusOr<std::string> located = Locate(argument);
  if (located.ok()) {
    if (absl::Status status = CheckExecutable(*located); !status.ok()) located = status;
  }
  if (!located.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--shim: ", located.status().message()));
  }
  std::error_code error;
  const fs::path resolved = fs::canonical(*located, error);
  const fs::path directory =
      error ? fs::path() : fs::canonical(fs::absolute(*located).parent_path(), error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat("--shim: ", *located, ": ", error.message()));
  }
  ShimBinary shim;
  shim.path = (directory / fs::path(*located).filename()).string();
  ASSIGN_OR_RETURN(shim.sha256, HashFile(shim.path));
  shim.keep = KeepVisible(shim.path);
  Append(KeepVisible(resolved.string()), shim.keep);
  return shim;
}

std::vector<std::string> KeepSearchPath(const std::string& engine) {
  std::vector<std::string> keep;
  std::error_code error;
  for (const std::string& directory : SearchPath()) {
    const std::string resolved = fs::canonical(directory, error).string();
    // A hidden root itself in PATH cannot be shown without showing everything in it.
    if (!error && HiddenInWorlds(resolved) && !KeepVisible(resolved + "/x").empty() &&
        KeepVisible(resolved + "/x").front() == resolved) {
      keep.push_back(resolved);
    }
  }
  if (absl::StartsWith(engine, "/")) {
    const fs::path resolved = fs::canonical(engine, error);
    if (!error) Append(KeepVisible(resolved.string()), keep);
  }
  return keep;
}

}  // namespace conformance
