// SPDX-License-Identifier: Apache-2.0
#include "netlink/tap.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "base/status_macros.h"
#include "netlink/link.h"

namespace netlink {
namespace {

constexpr char kDevice[] = "/dev/net/tun";

absl::StatusOr<base::UniqueFd> Attach(const std::string& name, unsigned flags,
                                      absl::string_view what) {
  RETURN_IF_ERROR(base::Annotate(ValidateLinkName(name), what));
  base::UniqueFd tap(::open(kDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tap.ok()) return base::ErrnoStatus(errno, absl::StrCat(what, ": open ", kDevice));
  struct ifreq request {};
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | flags);
  if (::ioctl(tap.get(), TUNSETIFF, &request) == 0) return tap;
  if (errno == EBUSY && (flags & IFF_TUN_EXCL) != 0) errno = EEXIST;
  return base::ErrnoStatus(errno, what);
}

}  // namespace

absl::Status CreateTap(const std::string& name) {
  const std::string what = absl::StrCat("create tap ", name);
  ASSIGN_OR_RETURN(const base::UniqueFd tap, Attach(name, IFF_TUN_EXCL, what));
  if (::ioctl(tap.get(), TUNSETPERSIST, 1) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat(what, ": make it stay"));
  }
  return absl::OkStatus();
}

absl::StatusOr<base::UniqueFd> OpenTap(const std::string& name) {
  return Attach(name, 0, absl::StrCat("open tap ", name));
}

}  // namespace netlink
