// SPDX-License-Identifier: Apache-2.0
#include "base/loop_device.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstdint>

#include "base/status_macros.h"

namespace base {
namespace {

// Another process may take the number that was free.
constexpr int kTries = 16;

absl::StatusOr<LoopDevice> Try(const UniqueFd& control, loop_config& config) {
  const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
  if (number < 0) return ErrnoStatus(errno, "a free loop device");
  LoopDevice device{.fd = {}, .path = absl::StrCat("/dev/loop", number)};
  device.fd.reset(::open(device.path.c_str(), O_RDWR | O_CLOEXEC));
  if (!device.fd.ok()) return ErrnoStatus(errno, device.path);
  if (::ioctl(device.fd.get(), LOOP_CONFIGURE, &config) == 0) return device;
  return ErrnoStatus(errno, absl::StrCat("configure ", device.path));
}

}  // namespace

absl::StatusOr<LoopDevice> AttachLoopDevice(const std::string& file, bool readonly) {
  const UniqueFd backing(::open(file.c_str(), (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC));
  if (!backing.ok()) return ErrnoStatus(errno, absl::StrCat("open ", file));
  const UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control.ok()) return ErrnoStatus(errno, "/dev/loop-control");
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(backing.get());
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  if (readonly) config.info.lo_flags |= LO_FLAGS_READ_ONLY;
  absl::StatusOr<LoopDevice> device = Try(control, config);
  for (int i = 1; i < kTries && !device.ok(); ++i) device = Try(control, config);
  return device;
}

}  // namespace base
