// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/host_tap.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "netlink/link.h"
#include "netlink/tap.h"

namespace fakes {
namespace {

absl::StatusOr<unsigned> HeaderBytesOf(const base::UniqueFd& tap) {
  int bytes = 0;
  if (::ioctl(tap.get(), TUNGETVNETHDRSZ, &bytes) != 0) {
    return base::ErrnoStatus(errno, "header of a tap's frames");
  }
  return static_cast<unsigned>(bytes);
}

// A copy of `fd`, in which the borrowed one and its flags live on.
absl::StatusOr<base::UniqueFd> Adopt(int fd) {
  struct ifreq tap {};
  if (::ioctl(fd, TUNGETIFF, &tap) != 0) return absl::InvalidArgumentError("expected a tap");
  constexpr int kForm = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if ((tap.ifr_flags & kForm) != kForm) {
    return absl::InvalidArgumentError(
        "expected a tap with virtio-net headers and without packet information");
  }
  base::UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.ok()) return base::ErrnoStatus(errno, "keep a tap");
  const int flags = ::fcntl(copy.get(), F_GETFL);
  if (flags < 0 || ::fcntl(copy.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return base::ErrnoStatus(errno, "make a tap non-blocking");
  }
  return copy;
}

// Makes it if there is none, up.
absl::StatusOr<base::UniqueFd> OpenNamed(const std::string& wanted) {
  ASSIGN_OR_RETURN(netlink::Socket socket, netlink::Socket::Open());
  std::string name = wanted;
  bool is_new = wanted.empty();
  for (int number = 0; is_new && (name.empty() || netlink::FindLink(socket, name).ok()); ++number) {
    name = absl::StrCat("vmtap", number);
  }
  if (!is_new) is_new = absl::IsNotFound(netlink::FindLink(socket, name).status());
  ASSIGN_OR_RETURN(base::UniqueFd tap, netlink::OpenTap(name));
  if (!is_new) return tap;
  ASSIGN_OR_RETURN(const netlink::Link link, netlink::FindLink(socket, name));
  RETURN_IF_ERROR(
      netlink::ChangeLink(socket, link.index, {.up = true, .name = {}, .mac = {}, .mtu = {}}));
  return tap;
}

}  // namespace

absl::StatusOr<HostTap> OpenHostTap(const MachineNic& nic) {
  HostTap tap;
  for (const int fd : nic.fds) {
    absl::StatusOr<base::UniqueFd> queue = Adopt(fd);
    RETURN_IF_ERROR(base::Annotate(queue.status(), absl::StrCat("descriptor ", tap.queues.size())));
    tap.queues.push_back(*std::move(queue));
  }
  if (tap.queues.empty()) {
    ASSIGN_OR_RETURN(tap.queues.emplace_back(), OpenNamed(nic.tap));
  }
  ASSIGN_OR_RETURN(tap.header_bytes, HeaderBytesOf(tap.queues.front()));
  return tap;
}

}  // namespace fakes
