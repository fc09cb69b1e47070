// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/virtiofs_daemon.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/wasm/wasm_host.h"
#include "ttrpc/client.h"

namespace backends {
namespace {

constexpr int kListenerFd = 3;
// Debian 13 and Ubuntu; Debian 12.
constexpr const char* kDirectories[] = {"/usr/libexec", "/usr/lib/qemu"};

absl::StatusOr<base::UniqueFd> Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": too long for a socket"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.ok() ||
      ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), 1) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("listen at ", path));
  }
  return socket;
}

}  // namespace

// Connected before there is anybody to accept it: nothing has to be waited for.
absl::StatusOr<base::UniqueFd> VirtiofsDaemon::Start(const std::string& program,
                                                     const std::string& directory,
                                                     const std::string& scratch,
                                                     std::function<void()> exited) {
  const std::string path = absl::StrCat(scratch, "/virtiofs.sock");
  ASSIGN_OR_RETURN(const base::UniqueFd listener, Listen(path));
  absl::StatusOr<base::UniqueFd> connection = ttrpc::ConnectUnix(path);
  ::unlink(path.c_str());
  RETURN_IF_ERROR(connection.status());
  RETURN_IF_ERROR(Spawn(program, directory, listener, std::move(exited)));
  return connection;
}

absl::Status VirtiofsDaemon::StartAt(const std::string& program, const std::string& directory,
                                     const std::string& socket, std::function<void()> exited) {
  ASSIGN_OR_RETURN(const base::UniqueFd listener, Listen(socket));
  return Spawn(program, directory, listener, std::move(exited));
}

absl::Status VirtiofsDaemon::Spawn(const std::string& program, const std::string& directory,
                                   const base::UniqueFd& listener, std::function<void()> exited) {
  return process_.Spawn({program, absl::StrCat("--fd=", kListenerFd), "-o", "sandbox=namespace",
                         "-o", absl::StrCat("source=", directory)},
                        {{.source = listener.get(), .target = kListenerFd}}, std::move(exited));
}

absl::StatusOr<std::string> FindVirtiofsDaemon(const std::string& name) {
  absl::StatusOr<std::string> found = FindCompanion(name);
  if (found.ok()) return found;
  for (const char* directory : kDirectories) {
    std::string path = absl::StrCat(directory, "/", name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return absl::NotFoundError(absl::StrCat(
      name, " is not installed: neither beside the shim nor in PATH, /usr/libexec, /usr/lib/qemu"));
}

}  // namespace backends
