// SPDX-License-Identifier: Apache-2.0
#include "container/credentials.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "base/kernel_file.h"
#include "base/status_macros.h"

namespace container {
namespace {

constexpr std::uint32_t kDefaultUmask = 022;  // runc's

struct LimitName {
  const char* name;
  int resource;
};
constexpr LimitName kLimits[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

struct CapFree {
  void operator()(cap_t caps) const { ::cap_free(caps); }
};
using Caps = std::unique_ptr<std::remove_pointer_t<cap_t>, CapFree>;

// Numbers of the named capabilities; names this kernel or library does not know are left out, as
// engines do. (cap_max_bits() has asked the kernel once; CAP_IS_SUPPORTED() does each time.)
std::vector<cap_value_t> CapValues(const oci::Strings& names) {
  std::vector<cap_value_t> values;
  for (const std::string& name : names) {
    cap_value_t value = 0;
    if (::cap_from_name(absl::AsciiStrToLower(name).c_str(), &value) != 0) continue;
    if (value < ::cap_max_bits()) values.push_back(value);
  }
  return values;
}

absl::Status DropBounding(const oci::Capabilities& capabilities) {
  const std::vector<cap_value_t> kept = CapValues(capabilities.bounding);
  for (cap_value_t value = 0; value < ::cap_max_bits(); ++value) {
    if (std::count(kept.begin(), kept.end(), value) > 0) continue;
    if (::cap_drop_bound(value) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat("drop bounding capability ", value));
    }
  }
  return absl::OkStatus();
}

absl::Status ApplyCapabilities(const oci::Capabilities& capabilities) {
  const Caps caps(::cap_init());
  if (caps == nullptr) return base::ErrnoStatus(errno, "cap_init");
  const auto set = [&caps](cap_flag_t flag, const oci::Strings& names) {
    const std::vector<cap_value_t> values = CapValues(names);
    return values.empty() || ::cap_set_flag(caps.get(), flag, static_cast<int>(values.size()),
                                            values.data(), CAP_SET) == 0;
  };
  if (!set(CAP_EFFECTIVE, capabilities.effective) || !set(CAP_PERMITTED, capabilities.permitted) ||
      !set(CAP_INHERITABLE, capabilities.inheritable) || ::cap_set_proc(caps.get()) != 0) {
    return base::ErrnoStatus(errno, "unable to apply caps");
  }
  // Refused for those that are not both permitted and inheritable: engines leave them out.
  for (const cap_value_t value : CapValues(capabilities.ambient)) {
    (void)::cap_set_ambient(value, CAP_SET);
  }
  return absl::OkStatus();
}

// Whoever the user is, it shall be able to open /dev/stdout.
void GiveStdio(std::uint32_t uid) {
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || info.st_uid == uid) continue;
    if (S_ISCHR(info.st_mode) && info.st_rdev == ::makedev(1, 3)) continue;
    (void)!::fchown(fd, uid, static_cast<gid_t>(-1));
  }
}

absl::Status SetGroups(const oci::User& user) {
  const absl::StatusOr<std::string> policy = base::ReadKernelFile("/proc/self/setgroups");
  const bool denied = policy.ok() && absl::StripAsciiWhitespace(*policy) == "deny";
  if (!denied && ::setgroups(user.additional_gids.size(), user.additional_gids.data()) != 0 &&
      (errno != EPERM || !user.additional_gids.empty())) {
    return base::ErrnoStatus(errno, "setgroups");
  }
  if (::setresgid(user.gid, user.gid, user.gid) != 0) {
    if (errno == EINVAL) {
      return absl::InvalidArgumentError("cannot set gid to unmapped user in user namespace");
    }
    return base::ErrnoStatus(errno, "setgid");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyLimits(const oci::Process& process) {
  for (const oci::Rlimit& limit : process.rlimits) {
    const auto* known = std::find_if(std::begin(kLimits), std::end(kLimits),
                                     [&](const LimitName& one) { return limit.type == one.name; });
    if (known == std::end(kLimits)) {
      return absl::InvalidArgumentError(absl::StrCat("invalid rlimit type: ", limit.type));
    }
    const struct rlimit value { .rlim_cur = limit.soft, .rlim_max = limit.hard };
    if (::setrlimit(static_cast<__rlimit_resource_t>(known->resource), &value) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat("error setting rlimit type ", limit.type));
    }
  }
  if (!process.oom_score_adj.has_value()) return absl::OkStatus();
  const absl::Status written =
      base::WriteKernelFile("/proc/self/oom_score_adj", absl::StrCat(*process.oom_score_adj));
  return absl::IsPermissionDenied(written) ? absl::OkStatus() : written;
}

absl::Status BecomeUser(const oci::Process& process) {
  const oci::Capabilities capabilities = process.capabilities.value_or(oci::Capabilities());
  RETURN_IF_ERROR(DropBounding(capabilities));
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return base::ErrnoStatus(errno, "keep caps");
  GiveStdio(process.user.uid);
  RETURN_IF_ERROR(SetGroups(process.user));
  if (::setresuid(process.user.uid, process.user.uid, process.user.uid) != 0) {
    if (errno == EINVAL) {
      return absl::InvalidArgumentError("cannot set uid to unmapped user in user namespace");
    }
    return base::ErrnoStatus(errno, "setuid");
  }
  // Not that of whoever has started us.
  ::umask(static_cast<mode_t>(process.user.umask.value_or(kDefaultUmask) & 0777));
  // Changing the user has cleared the effective ones.
  RETURN_IF_ERROR(ApplyCapabilities(capabilities));
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return base::ErrnoStatus(errno, "keep caps");
  if (process.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return base::ErrnoStatus(errno, "no_new_privs");
  }
  return absl::OkStatus();
}

std::string HomeOf(std::uint32_t uid) {
  const absl::StatusOr<std::string> passwd = base::ReadKernelFile("/etc/passwd");
  if (!passwd.ok()) return "/";
  for (const absl::string_view line : absl::StrSplit(*passwd, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    std::uint32_t number = 0;
    if (fields.size() < 6 || !absl::SimpleAtoi(fields[2], &number) || number != uid) continue;
    return fields[5].empty() ? "/" : std::string(fields[5]);
  }
  return "/";
}

}  // namespace container
