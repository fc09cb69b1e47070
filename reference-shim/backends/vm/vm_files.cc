// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_files.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/kernel_file.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/mounts.h"
#include "containerd/identifiers.h"
#include "reference-shim/backends/vm/limits.h"
#include "reference-shim/backends/vm/shared_tree.h"
#include "reference-shim/shim/small_file.h"

namespace backends {
namespace {

constexpr char kStateRoot[] = "/run/shimgauge-vm";
constexpr std::size_t kHashDigits = 24;  // socket paths have to stay short
constexpr unsigned kRecordMode = 0600;
constexpr mode_t kPrivateMode = 0700;

std::string PortFile(const VmFiles& files) { return absl::StrCat(files.directory, "/agent.port"); }

std::string NetworkFile(const VmFiles& files) {
  return absl::StrCat(files.directory, "/network.json");
}

std::string RecordOf(const std::string& bundle) { return absl::StrCat(bundle, "/vm.sandbox"); }

// What is shared with a guest are files of anybody, setuid ones among them, that lie in closed
// directories elsewhere (CVE-2021-41103).
absl::Status MakePrivate(const std::string& path) {
  if (::mkdir(path.c_str(), kPrivateMode) != 0 && errno != EEXIST) {
    return base::ErrnoStatus(errno, absl::StrCat("mkdir ", path));
  }
  const base::UniqueFd made(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!made.ok() || ::fstat(made.get(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  }
  if (info.st_uid != ::geteuid()) {
    return absl::FailedPreconditionError(absl::StrCat(path, " belongs to user ", info.st_uid));
  }
  // Earlier versions have left it open.
  if ((info.st_mode & 0077U) != 0 && ::fchmod(made.get(), kPrivateMode) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("chmod ", path));
  }
  return absl::OkStatus();
}

absl::Status MakeDirectories(const VmFiles& files) {
  absl::Status made;
  for (int i = 0; i < kStateRootTries; ++i) {
    made = MakePrivate(kStateRoot);
    if (made.ok()) made = MakePrivate(files.directory);
    // The end of the last other VM may have come in between.
    if (!absl::IsNotFound(made)) break;
  }
  RETURN_IF_ERROR(made);
  // Users of a guest see this one.
  if (::mkdir(files.shared.c_str(), 0711) != 0 && errno != EEXIST) {
    return base::ErrnoStatus(errno, absl::StrCat("mkdir ", files.shared));
  }
  return absl::OkStatus();
}

// Only after everything below was unmounted: nothing of anybody else's may be removed.
absl::Status RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error && error != std::errc::no_such_file_or_directory) {
    return base::ErrnoStatus(error.value(), absl::StrCat("remove ", path));
  }
  return absl::OkStatus();
}

}  // namespace

VmFiles::VmFiles(const std::string& namespace_name, const std::string& name)
    : sandbox(containerd::ValidateIdentifier(name).ok() ? name : base::Sha256Hex(name)),
      directory(absl::StrCat(
          kStateRoot, "/",
          base::Sha256Hex(absl::StrCat(namespace_name, "/", sandbox)).substr(0, kHashDigits))),
      shared(absl::StrCat(directory, "/shared")) {}

absl::Status MakeVmFiles(const VmFiles& files) {
  RETURN_IF_ERROR(RemoveVmFiles(files));
  RETURN_IF_ERROR(MakeDirectories(files));
  const char* shared = files.shared.c_str();
  if (::mount(shared, shared, nullptr, MS_BIND, nullptr) != 0 ||
      ::mount(nullptr, shared, nullptr, MS_PRIVATE, nullptr) != 0 ||
      ::mount(nullptr, shared, nullptr, MS_SHARED, nullptr) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("shared mount ", files.shared));
  }
  return absl::OkStatus();
}

absl::Status RemoveVmFiles(const VmFiles& files) {
  const absl::StatusOr<PodNetwork> network = LoadVmNetwork(files);
  const absl::Status unwired = network.ok() ? UnwirePodNetwork(*network) : network.status();
  RETURN_IF_ERROR(container::UnmountAll(files.directory));
  // The record stays for the next try.
  RETURN_IF_ERROR(unwired);
  RETURN_IF_ERROR(RemoveTree(files.directory));
  ::rmdir(kStateRoot);  // common to all VMs: gone with the last one
  return absl::OkStatus();
}

absl::Status MakeVmNetwork(const VmFiles& files, const std::string& path) {
  ASSIGN_OR_RETURN(const PodNetwork network, InspectPodNetwork(path));
  if (network.nics.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(
      shim::WriteFileAtomically(NetworkFile(files), EncodePodNetwork(network), kRecordMode));
  return WirePodNetwork(network);
}

absl::StatusOr<PodNetwork> LoadVmNetwork(const VmFiles& files) {
  const absl::StatusOr<std::string> text = base::ReadKernelFile(NetworkFile(files));
  if (absl::IsNotFound(text.status())) return PodNetwork();
  RETURN_IF_ERROR(text.status());
  return DecodePodNetwork(*text);
}

std::string ManagementSocket(const VmFiles& files) {
  return absl::StrCat(files.directory, "/shim-monitor.sock");
}

std::string AgentSocket(const VmFiles& files) {
  return absl::StrCat(files.directory, "/vsock.sock");
}

absl::Status WriteAgentPort(const VmFiles& files, std::uint32_t port) {
  return shim::WriteFileAtomically(PortFile(files), absl::StrCat(port), kRecordMode);
}

std::uint32_t ReadAgentPort(const VmFiles& files) {
  constexpr std::uint32_t kUsualPort = 1024;
  const absl::StatusOr<std::string> text = shim::ReadSmallFile(PortFile(files));
  std::uint32_t port = 0;
  return text.ok() && absl::SimpleAtoi(*text, &port) ? port : kUsualPort;
}

absl::Status ShareWithGuest(const VmFiles& files, const std::string& container,
                            const std::vector<Share>& shares) {
  for (const Share& share : shares) {
    const absl::Status bound = BindBelow(files.shared, share);
    if (bound.ok()) continue;
    UnshareWithGuest(files, container).IgnoreError();
    return bound;
  }
  return absl::OkStatus();
}

absl::Status UnshareWithGuest(const VmFiles& files, const std::string& container) {
  // Its guest may run: what it does to names meanwhile leads nowhere else.
  RETURN_IF_ERROR(UnmountBelow(files.shared, container));
  return RemoveTree(absl::StrCat(files.shared, "/", container));
}

absl::Status SaveVmRecord(const std::string& bundle, const std::string& sandbox) {
  return shim::WriteFileAtomically(RecordOf(bundle), sandbox, kRecordMode);
}

absl::StatusOr<std::string> LoadVmRecord(const std::string& bundle) {
  return shim::ReadSmallFile(RecordOf(bundle));
}

bool HasVmRecord(const std::string& bundle) {
  return ::access(RecordOf(bundle).c_str(), F_OK) == 0;
}

void RemoveVmRecord(const std::string& bundle) {
  ::unlink(absl::StrCat(bundle, "/init.pid").c_str());
  ::unlink(RecordOf(bundle).c_str());
}

}  // namespace backends
