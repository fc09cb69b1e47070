// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace containerd {

inline constexpr absl::string_view kDefaultSocketDir = "/run/containerd/s";

// What a shim's socket is named after (SOCK-01).
struct SocketOwner {
  std::string grpc_address;  // containerd's, the shim's -address
  std::string name_space;
  std::string group;   // GroupKey()
  bool debug = false;  // the second socket of a shim in debug mode (SOCK-03)
};

// Lower-case hexadecimal SHA-256 of the cleaned path grpc_address/name_space/group[/debug].
std::string SocketName(const SocketOwner& owner);

// The path the socket lives at: `socket_dir` of BootstrapParams when given, else kDefaultSocketDir
// (SOCK-02). INVALID_ARGUMENT when that directory is not absolute or longer than
// kSocketDirBytesMax.
absl::StatusOr<std::string> SocketPath(const SocketOwner& owner, absl::string_view socket_dir);

// A path that bind(2) and every client can use: not empty, no zero byte, at most
// kSocketPathBytesMax (SOCK-05).
absl::Status ValidateSocketPath(absl::string_view path);

// Which shim a container belongs to (SOCK-08): the value of the first of the two group annotations
// that exists, even if empty, else the container id.
std::string GroupKey(const std::map<std::string, std::string>& annotations,
                     absl::string_view container_id);

// The daemon's side of STDIN-10: directories in order of preference. Those that would make socket
// paths too long are left out. `xdg_runtime_dir` may be empty.
std::vector<std::string> SocketDirCandidates(uid_t uid, absl::string_view xdg_runtime_dir);

// Creates `dir` (0700) with missing parents unless it exists (SOCK-06). Errors name the path.
absl::Status EnsureSocketDir(const std::string& dir);

// Where a ttrpc server listens, in the forms a `start` result may give it (OUT-07).
struct Address {
  enum class Transport { kUnix, kAbstract, kVsock, kHybridVsock };

  Transport transport = Transport::kUnix;
  std::string path;        // kUnix, kHybridVsock: a path; kAbstract: the name
  std::uint32_t cid = 0;   // kVsock
  std::uint32_t port = 0;  // kVsock, kHybridVsock

  friend bool operator==(const Address&, const Address&) = default;
};

// `unix://PATH`, `vsock://CID:PORT`, `hvsock://PATH:PORT`; anything without "://" is the name of an
// abstract unix socket. INVALID_ARGUMENT quotes the text.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// The inverse of ParseAddress.
std::string FormatAddress(const Address& address);

}  // namespace containerd
