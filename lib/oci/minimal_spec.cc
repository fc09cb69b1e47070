// SPDX-License-Identifier: Apache-2.0
#include "oci/minimal_spec.h"

#include <utility>

namespace oci {
namespace {

// What container engines grant by default.
Strings DefaultCapabilities() {
  return {"CAP_AUDIT_WRITE", "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",    "CAP_FSETID",
          "CAP_KILL",        "CAP_MKNOD",   "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",   "CAP_SETFCAP",
          "CAP_SETGID",      "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT"};
}

std::vector<Mount> MinimalMounts() {
  return {
      {.destination = "/proc",
       .type = "proc",
       .source = "proc",
       .options = {"nosuid", "noexec", "nodev"}},
      {.destination = "/dev",
       .type = "tmpfs",
       .source = "tmpfs",
       .options = {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {.destination = "/dev/pts",
       .type = "devpts",
       .source = "devpts",
       .options = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
      {.destination = "/dev/shm",
       .type = "tmpfs",
       .source = "shm",
       .options = {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
  };
}

}  // namespace

Spec MinimalLinuxSpec(Strings args) {
  const Strings capabilities = DefaultCapabilities();
  const Strings env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  return {.oci_version = "1.0.2",
          .process = {.args = std::move(args),
                      .env = env,
                      .cwd = "/",
                      .capabilities = Capabilities{.bounding = capabilities,
                                                   .effective = capabilities,
                                                   .permitted = capabilities},
                      .no_new_privileges = true},
          .root = {.path = "rootfs"},
          .hostname = "container",
          .mounts = MinimalMounts(),
          .linux = {.namespaces = {
                        {.type = "pid"}, {.type = "ipc"}, {.type = "uts"}, {.type = "mount"}}}};
}

}  // namespace oci
