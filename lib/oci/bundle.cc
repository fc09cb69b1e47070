// SPDX-License-Identifier: Apache-2.0
#include "oci/bundle.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/fifo.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "oci/limits.h"
#include "oci/spec_parser.h"
#include "oci/spec_writer.h"

namespace oci {
namespace {

constexpr mode_t kConfigMode = 0644;
constexpr mode_t kRootfsMode = 0711;
constexpr mode_t kPrivateMode = 0700;
constexpr mode_t kGroupSearchMode = 0710;

absl::Status Failed(absl::string_view action, absl::string_view path) {
  return base::ErrnoStatus(errno, absl::StrCat(action, " ", path));
}

// Exactly `mode`, whatever the umask.
absl::Status MakeDirectory(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0) return Failed("mkdir", path);
  if (chmod(path.c_str(), mode) != 0) return Failed("chmod", path);
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, absl::string_view content, mode_t mode) {
  base::UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.ok()) return Failed("create", path);
  if (fchmod(file.get(), mode) != 0) return Failed("chmod", path);
  while (!content.empty()) {
    const ssize_t written = write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("write", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

// The host's id of container group 0 when the container has a user namespace of its own.
absl::StatusOr<std::optional<gid_t>> RemappedRootGroup(const Spec& spec) {
  if (FindNamespace(spec, "user") == nullptr || spec.linux.gid_mappings.empty()) {
    return std::nullopt;
  }
  for (const IdMapping& mapping : spec.linux.gid_mappings) {
    if (mapping.container_id == 0 && mapping.size > 0) return mapping.host_id;
  }
  return absl::InvalidArgumentError("linux.gidMappings: container group 0 is not mapped");
}

absl::Status WriteExtras(const std::string& directory, const BundleExtras& extras) {
  if (!extras.work_directory.empty()) {
    const absl::Status made = MakeDirectory(extras.work_directory, kPrivateMode);
    if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
    const std::string link = absl::StrCat(directory, "/", kWorkLink);
    if (symlink(extras.work_directory.c_str(), link.c_str()) != 0) return Failed("symlink", link);
  }
  if (extras.log_fifo) {
    RETURN_IF_ERROR(base::MakeFifo(absl::StrCat(directory, "/", kLogFifo), kPrivateMode));
  }
  return absl::OkStatus();
}

absl::Status FillBundle(const std::string& directory, const std::string& config, const Spec& spec,
                        const BundleExtras& extras) {
  RETURN_IF_ERROR(WriteFile(absl::StrCat(directory, "/", kConfigFile), config, kConfigMode));
  RETURN_IF_ERROR(MakeDirectory(absl::StrCat(directory, "/", kRootfsDirectory), kRootfsMode));
  RETURN_IF_ERROR(WriteExtras(directory, extras));
  ASSIGN_OR_RETURN(const std::optional<gid_t> group, RemappedRootGroup(spec));
  if (group && chown(directory.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return Failed("chown", directory);
  }
  if (chmod(directory.c_str(), group ? kGroupSearchMode : kPrivateMode) != 0) {
    return Failed("chmod", directory);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteBundle(const std::string& path, const Spec& spec, const BundleExtras& extras) {
  absl::StatusOr<std::string> config = WriteSpec(spec);
  if (!config.ok()) return base::Annotate(config.status(), path);

  // Made beside its final place, so that the last step is one rename within the file system.
  std::string draft = absl::StrCat(path, ".XXXXXX");
  if (mkdtemp(draft.data()) == nullptr) return Failed("mkdir", path);
  absl::Cleanup remove_draft = [&draft] {
    std::error_code ignored;
    std::filesystem::remove_all(draft, ignored);
  };
  RETURN_IF_ERROR(base::Annotate(FillBundle(draft, *config, spec, extras), path));
  if (renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    return Failed("rename to", path);
  }
  std::move(remove_draft).Cancel();
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadConfig(const std::string& bundle) {
  const std::string path = absl::StrCat(bundle, "/", kConfigFile);
  const base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return Failed("open", path);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return Failed("stat", path);
  const auto size = static_cast<std::size_t>(std::max<off_t>(info.st_size, 0));
  if (size > kJsonBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, ": longer than ", kJsonBytesMax, " bytes"));
  }
  // One byte more than the file has: its read says that the end is reached.
  std::string text(size + 1, '\0');
  std::size_t filled = 0;
  while (true) {
    const ssize_t got = read(file.get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > kJsonBytesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, ": longer than ", kJsonBytesMax, " bytes"));
    }
    if (filled == text.size()) text.resize(2 * text.size());
  }
  text.resize(filled);
  return text;
}

absl::StatusOr<Spec> ReadSpec(const std::string& bundle) {
  ASSIGN_OR_RETURN(const std::string text, ReadConfig(bundle));
  absl::StatusOr<Spec> spec = ParseSpec(text);
  if (!spec.ok()) {
    return base::Annotate(spec.status(), absl::StrCat(bundle, "/", kConfigFile));
  }
  return spec;
}

}  // namespace oci
