// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/commands.h"

namespace fakes {

absl::StatusOr<int> RunFeatures(const Command&, EngineFaults&) {
  Print(R"({
  "ociVersionMin": "1.0.0",
  "ociVersionMax": "1.2.0",
  "hooks": ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"],
  "mountOptions": ["async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "mand",
    "noatime", "nodev", "nodiratime", "noexec", "nomand", "norelatime", "nostrictatime", "nosuid",
    "private", "rbind", "relatime", "remount", "ro", "rprivate", "rshared", "rslave", "runbindable",
    "rw", "shared", "slave", "strictatime", "suid", "sync", "unbindable"],
  "linux": {
    "namespaces": ["cgroup", "ipc", "mount", "network", "pid", "user", "uts"],
    "cgroup": {"v1": true, "v2": true, "systemd": false, "systemdUser": false, "rdma": false},
    "seccomp": {
      "enabled": true,
      "actions": ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"],
      "operators": ["SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT",
        "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"]
    },
    "apparmor": {"enabled": false},
    "selinux": {"enabled": false}
  },
  "annotations": {"shimgauge.engine.faults": "faults.json"}
}
)");
  return 0;
}

}  // namespace fakes
