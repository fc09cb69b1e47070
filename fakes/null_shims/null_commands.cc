// SPDX-License-Identifier: Apache-2.0
#include "fakes/null_shims/null_commands.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <utility>

#include "base/go_flags.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "containerd/bootstrap.h"
#include "containerd/identifiers.h"
#include "containerd/limits.h"
#include "containerd/shim_address.h"
#include "containerd/timestamps.h"
#include "fakes/null_shims/null_socket.h"
#include "oci/annotations.h"
#include "oci/bundle.h"
#include "task/v3/task.pb.h"
#include "types/runtime_info.pb.h"

namespace fakes {
namespace {

constexpr int kUsageCode = 2;
constexpr std::uint32_t kKilledStatus = 137;

using Values = std::map<std::string, std::string>;

std::vector<base::GoFlagSpec> Flags() {
  return {
      {.name = "namespace", .is_bool = false, .help = "containerd namespace of the container"},
      {.name = "id", .is_bool = false, .help = "container id"},
      {.name = "address", .is_bool = false, .help = "containerd's gRPC socket"},
      {.name = "publish-binary", .is_bool = false, .help = "ignored"},
      {.name = "bundle", .is_bool = false, .help = "path of the bundle (delete)"},
      {.name = "debug", .is_bool = true, .help = "ignored"},
      {.name = "v", .is_bool = true, .help = "print the version and exit"},
      {.name = "info", .is_bool = true, .help = "print the runtime's features and exit"},
  };
}

absl::StatusOr<std::string> ReadStdin() {
  std::string bytes;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0) return base::ErrnoStatus(errno, "stdin");
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
    if (bytes.size() > containerd::kStartInputBytesMax) {
      return absl::ResourceExhaustedError("stdin is too long");
    }
  }
}

absl::Status WriteAddressFile(const std::string& address) {
  const base::UniqueFd file(::open("address", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.ok() ||
      ::write(file.get(), address.data(), address.size()) != static_cast<ssize_t>(address.size())) {
    return base::ErrnoStatus(errno, "address");
  }
  return absl::OkStatus();
}

absl::Status RequireIdentity(Values& flags) {
  if (flags["namespace"].empty()) {
    return absl::InvalidArgumentError("shim namespace cannot be empty");
  }
  RETURN_IF_ERROR(base::Annotate(containerd::ValidateIdentifier(flags["namespace"]), "-namespace"));
  if (flags["id"].empty()) return absl::InvalidArgumentError("container id cannot be empty");
  return base::Annotate(containerd::ValidateIdentifier(flags["id"]), "-id");
}

absl::Status SpawnDaemon(const NullSubject& subject, Values& flags, int listener) {
  base::SpawnSpec spec;
  spec.path = "/proc/self/exe";
  spec.argv = {"containerd-shim-null-v1",
               absl::StrCat("--subject=", subject.name),
               kNullServe,
               "-namespace",
               flags["namespace"],
               "-id",
               flags["id"],
               "-address",
               flags["address"]};
  spec.cwd = "/";
  spec.fds = {{.source = listener, .target = kNullListenerFd}};
  return base::Spawn(spec).status();
}

absl::Status Start(const NullSubject& subject, Values& flags) {
  RETURN_IF_ERROR(RequireIdentity(flags));
  ASSIGN_OR_RETURN(const std::string bytes, ReadStdin());
  const containerd::StartInput input =
      containerd::ParseStartInput(bytes, flags["id"], flags["namespace"]);
  ASSIGN_OR_RETURN(const std::string config, oci::ReadConfig("."));
  ASSIGN_OR_RETURN(const oci::StringMap annotations, oci::ParseAnnotations(config));
  ASSIGN_OR_RETURN(const std::string path,
                   containerd::SocketPath({.grpc_address = flags["address"],
                                           .name_space = flags["namespace"],
                                           .group = containerd::GroupKey(annotations, flags["id"])},
                                          input.socket_dir));
  ASSIGN_OR_RETURN(const base::UniqueFd listener, ClaimNullSocket(path));
  if (listener.ok()) {
    if (!input.ttrpc_address.empty()) {
      ::setenv("TTRPC_ADDRESS", input.ttrpc_address.c_str(), 1);
    }
    RETURN_IF_ERROR(SpawnDaemon(subject, flags, listener.get()));
  }
  const std::string address =
      containerd::FormatAddress({.transport = containerd::Address::Transport::kUnix, .path = path});
  RETURN_IF_ERROR(WriteAddressFile(address));
  std::cout << address << std::flush;
  return absl::OkStatus();
}

absl::Status Delete(Values& flags) {
  RETURN_IF_ERROR(RequireIdentity(flags));
  containerd::task::v3::DeleteResponse response;
  response.set_exit_status(kKilledStatus);
  *response.mutable_exited_at() = containerd::ToTimestamp(std::chrono::system_clock::now());
  std::cout << response.SerializeAsString() << std::flush;
  return absl::OkStatus();
}

absl::Status Info(const NullSubject& subject) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadStdin());
  containerd::types::RuntimeInfo info;
  info.set_name("io.containerd.null.v1");
  info.mutable_version()->set_version(std::string(subject.name));
  if (!bytes.empty() && !info.mutable_options()->ParseFromString(bytes)) {
    return absl::InvalidArgumentError("stdin holds no runtime options");
  }
  std::cout << info.SerializeAsString() << std::flush;
  return absl::OkStatus();
}

}  // namespace

int RunNullCommand(const NullSubject& subject, const std::vector<std::string>& args) {
  absl::StatusOr<base::GoFlags> flags = base::ParseGoFlags(Flags(), args);
  if (!flags.ok()) {
    std::cerr << flags.status().message() << "\n" << base::GoFlagsUsage(Flags());
    return kUsageCode;
  }
  const std::string action = flags->positional.empty() ? "" : flags->positional[0];
  absl::Status status = absl::InvalidArgumentError("start or delete?");
  if (flags->values["v"] == "true") {
    std::cout << "containerd-shim-null-v1:\n  Version: " << subject.name << "\n" << std::flush;
    return 0;
  }
  if (flags->values["info"] == "true") {
    status = Info(subject);
  } else if (action == "start") {
    status = Start(subject, flags->values);
  } else if (action == "delete") {
    status = Delete(flags->values);
  }
  if (status.ok()) return 0;
  std::cerr << "null-shim: " << status.message() << "\n";
  return 1;
}

}  // namespace fakes
