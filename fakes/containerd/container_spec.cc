// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/container_spec.h"

#include <utility>

namespace fakes {
namespace {

constexpr char kOciVersion[] = "1.0.2";
constexpr char kPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What containerd's default spec grants.
oci::Strings UsualCapabilities() {
  return {"CAP_CHOWN",      "CAP_DAC_OVERRIDE",     "CAP_FSETID",      "CAP_FOWNER",  "CAP_MKNOD",
          "CAP_NET_RAW",    "CAP_SETGID",           "CAP_SETUID",      "CAP_SETFCAP", "CAP_SETPCAP",
          "CAP_SYS_CHROOT", "CAP_NET_BIND_SERVICE", "CAP_AUDIT_WRITE", "CAP_KILL"};
}

std::vector<oci::Mount> StandardMounts() {
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
  };
}

oci::Spec CommonSpec(const GuestRequest& request) {
  oci::Spec spec;
  spec.oci_version = kOciVersion;
  spec.process = MakeProcess(request.process);
  spec.process.oom_score_adj = request.oom_score_adj;
  spec.root.path = request.root_path;
  spec.annotations = request.annotations;
  spec.linux.cgroups_path = request.cgroups_path;
  // containerd always writes linux.resources, and kata's shim in Go dies of a bundle without.
  spec.linux.resources.other_json["devices"] = "[]";
  if (request.memory_limit_bytes) {
    // Swap equal to memory: the limit is reached whether or not the host swaps.
    spec.linux.resources.memory = oci::MemoryResources{.limit = request.memory_limit_bytes,
                                                       .swap = request.memory_limit_bytes};
  }
  return spec;
}

}  // namespace

oci::Process MakeProcess(const ProcessRequest& request) {
  oci::Process process;
  process.terminal = request.terminal;
  process.user.uid = request.uid;
  process.user.gid = request.gid;
  process.args = request.arguments;
  process.env = {kPath};
  process.env.insert(process.env.end(), request.env.begin(), request.env.end());
  process.cwd = request.cwd;
  process.capabilities = oci::Capabilities{.bounding = UsualCapabilities(),
                                           .effective = UsualCapabilities(),
                                           .inheritable = {},
                                           .permitted = UsualCapabilities(),
                                           .ambient = {}};
  return process;
}

oci::Spec MakeGuestSpec(const GuestRequest& request) {
  oci::Spec spec = CommonSpec(request);
  spec.mounts = StandardMounts();
  for (const BindMount& bind : request.binds) {
    spec.mounts.push_back({.destination = bind.destination,
                           .type = "bind",
                           .source = bind.source,
                           .options = {"rbind", bind.readonly ? "ro" : "rw"}});
  }
  spec.linux.namespaces = {{.type = "mount"}, {.type = "ipc"}, {.type = "uts"}};
  if (request.private_pid_namespace) spec.linux.namespaces.push_back({.type = "pid"});
  return spec;
}

oci::Spec MakeHostSpec(const GuestRequest& request) { return CommonSpec(request); }

}  // namespace fakes
