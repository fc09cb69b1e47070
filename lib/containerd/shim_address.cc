// SPDX-License-Identifier: Apache-2.0
#include "containerd/shim_address.h"

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/sha256.h"
#include "base/status_macros.h"
#include "containerd/limits.h"

namespace containerd {
namespace {

constexpr absl::string_view kGroupAnnotations[] = {"io.containerd.runc.v2.group",
                                                   "io.kubernetes.cri.sandbox-id"};
constexpr absl::string_view kUnixScheme = "unix";
constexpr absl::string_view kVsockScheme = "vsock";
constexpr absl::string_view kHybridVsockScheme = "hvsock";

// Joins non-empty elements and cleans the result as Go's path/filepath does: no empty or "."
// components, ".." resolved lexically, no trailing separator. Shims of other languages hash the
// same text.
std::string JoinCleaned(const std::vector<absl::string_view>& elements) {
  std::string joined;
  for (const absl::string_view element : elements) {
    if (element.empty()) continue;
    absl::StrAppend(&joined, joined.empty() ? "" : "/", element);
  }
  if (joined.empty()) return "";
  const bool rooted = joined[0] == '/';
  std::vector<absl::string_view> kept;
  for (absl::string_view component : absl::StrSplit(joined, '/')) {
    if (component.empty() || component == ".") continue;
    if (component != "..") {
      kept.push_back(component);
    } else if (!kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (!rooted) {
      kept.push_back(component);
    }
  }
  const std::string cleaned = absl::StrCat(rooted ? "/" : "", absl::StrJoin(kept, "/"));
  return cleaned.empty() ? "." : cleaned;
}

absl::Status InvalidAddress(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("address \"", absl::CHexEscape(text), "\": ", why));
}

absl::StatusOr<std::uint32_t> ParsePort(absl::string_view text, absl::string_view port) {
  std::uint32_t number = 0;
  // SimpleAtoi also takes white space and a sign, which no daemon does.
  const bool digits = port.find_first_not_of("0123456789") == absl::string_view::npos;
  if (!digits || !absl::SimpleAtoi(port, &number)) {
    return InvalidAddress(text, absl::StrCat("\"", absl::CHexEscape(port),
                                             "\" is not a number from 0 to 4294967295"));
  }
  return number;
}

absl::StatusOr<Address> ParseUnix(absl::string_view text, Address::Transport transport,
                                  absl::string_view path) {
  const absl::Status valid = ValidateSocketPath(path);
  if (!valid.ok()) return InvalidAddress(text, valid.message());
  return Address{.transport = transport, .path = std::string(path)};
}

}  // namespace

std::string SocketName(const SocketOwner& owner) {
  return base::Sha256Hex(
      JoinCleaned({owner.grpc_address, owner.name_space, owner.group, owner.debug ? "debug" : ""}));
}

absl::StatusOr<std::string> SocketPath(const SocketOwner& owner, absl::string_view socket_dir) {
  const absl::string_view dir = socket_dir.empty() ? kDefaultSocketDir : socket_dir;
  if (dir[0] != '/' || dir.size() > kSocketDirBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("socket directory \"", absl::CHexEscape(dir),
                                                   "\": not an absolute path of at", " most ",
                                                   kSocketDirBytesMax, " bytes"));
  }
  std::string path = JoinCleaned({dir, SocketName(owner)});
  RETURN_IF_ERROR(ValidateSocketPath(path));
  return path;
}

absl::Status ValidateSocketPath(absl::string_view path) {
  if (path.empty()) return absl::InvalidArgumentError("socket path is empty");
  if (absl::StrContains(path, '\0')) {
    return absl::InvalidArgumentError("socket path contains a zero byte");
  }
  if (path.size() > kSocketPathBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("socket path \"", absl::CHexEscape(path),
                                                   "\" is longer than ", kSocketPathBytesMax,
                                                   " bytes"));
  }
  return absl::OkStatus();
}

std::string GroupKey(const std::map<std::string, std::string>& annotations,
                     absl::string_view container_id) {
  for (const absl::string_view name : kGroupAnnotations) {
    const auto annotation = annotations.find(std::string(name));
    if (annotation != annotations.end()) return annotation->second;
  }
  return std::string(container_id);
}

std::vector<std::string> SocketDirCandidates(uid_t uid, absl::string_view xdg_runtime_dir) {
  std::vector<std::string> candidates = {std::string(kDefaultSocketDir)};
  if (uid != 0) {
    if (absl::StartsWith(xdg_runtime_dir, "/")) {
      candidates.push_back(JoinCleaned({xdg_runtime_dir, "containerd/s"}));
    }
    candidates.push_back(absl::StrCat("/run/", uid, "/containerd/s"));
    candidates.push_back(absl::StrCat("/tmp/containerd-s-", uid));
  }
  std::erase_if(candidates, [](const std::string& dir) { return dir.size() > kSocketDirBytesMax; });
  return candidates;
}

absl::Status EnsureSocketDir(const std::string& dir) {
  for (std::size_t end = dir.find('/', 1);; end = dir.find('/', end + 1)) {
    const std::string prefix = dir.substr(0, end);
    if (mkdir(prefix.c_str(), 0700) != 0 && errno != EEXIST) {
      return base::ErrnoStatus(errno, absl::StrCat("mkdir ", prefix));
    }
    if (end == std::string::npos) break;
  }
  struct stat info {};
  if (stat(dir.c_str(), &info) != 0) return base::ErrnoStatus(errno, absl::StrCat("stat ", dir));
  if (!S_ISDIR(info.st_mode)) return base::ErrnoStatus(ENOTDIR, dir);
  return absl::OkStatus();
}

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  const std::size_t mark = text.find("://");
  if (mark == absl::string_view::npos) {
    return ParseUnix(text, Address::Transport::kAbstract, text);
  }
  const absl::string_view scheme = text.substr(0, mark);
  const absl::string_view rest = text.substr(mark + 3);
  if (scheme == kUnixScheme) return ParseUnix(text, Address::Transport::kUnix, rest);
  if (scheme != kVsockScheme && scheme != kHybridVsockScheme) {
    return InvalidAddress(text, "its scheme is none of unix, vsock, hvsock");
  }
  const std::size_t colon = rest.find(':');
  if (colon == absl::string_view::npos) return InvalidAddress(text, "a port is missing");
  ASSIGN_OR_RETURN(const std::uint32_t port, ParsePort(text, rest.substr(colon + 1)));
  const absl::string_view host = rest.substr(0, colon);
  if (scheme == kVsockScheme) {
    ASSIGN_OR_RETURN(const std::uint32_t cid, ParsePort(text, host));
    return Address{.transport = Address::Transport::kVsock, .path = "", .cid = cid, .port = port};
  }
  ASSIGN_OR_RETURN(Address address, ParseUnix(text, Address::Transport::kHybridVsock, host));
  address.port = port;
  return address;
}

std::string FormatAddress(const Address& address) {
  switch (address.transport) {
    case Address::Transport::kUnix:
      return absl::StrCat(kUnixScheme, "://", address.path);
    case Address::Transport::kAbstract:
      return address.path;
    case Address::Transport::kVsock:
      return absl::StrCat(kVsockScheme, "://", address.cid, ":", address.port);
    case Address::Transport::kHybridVsock:
      return absl::StrCat(kHybridVsockScheme, "://", address.path, ":", address.port);
  }
  return "";
}

}  // namespace containerd
