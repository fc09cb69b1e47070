// SPDX-License-Identifier: Apache-2.0
#include "oci/testing/full_spec.h"

namespace oci::testing {
namespace {

Process FullProcess() {
  return {.terminal = true,
          .console_size = ConsoleSize{.height = 24, .width = 80},
          .user = {.uid = 1, .gid = 2, .umask = 022, .additional_gids = {3, 4294967295}},
          .args = {"/bin/sh", "-c", "echo \"caf\xc3\xa9\"\n"},
          .env = {"A=1", "B="},
          .cwd = "/work",
          .capabilities = Capabilities{.bounding = {"CAP_KILL"},
                                       .effective = {"CAP_CHOWN"},
                                       .inheritable = {"CAP_SETUID"},
                                       .permitted = {"CAP_SETGID"},
                                       .ambient = {"CAP_MKNOD", "CAP_KILL"}},
          .rlimits = {{.type = "RLIMIT_NOFILE", .soft = 1024, .hard = 18446744073709551615u}},
          .no_new_privileges = true,
          .oom_score_adj = -100,
          .apparmor_profile = "profile",
          .selinux_label = "label"};
}

Hook HookNamed(const std::string& name) {
  return {.path = "/hooks/" + name, .args = {name, "x"}, .env = {"H=1"}, .timeout = 5};
}

Linux FullLinux() {
  Linux all;
  all.namespaces = {{.type = "pid"}, {.type = "network", .path = "/proc/1/ns/net"}};
  all.uid_mappings = {{.container_id = 0, .host_id = 100000, .size = 65536}};
  all.gid_mappings = {{.container_id = 1, .host_id = 200000, .size = 1}};
  all.cgroups_path = "/group/c1";
  all.resources = {.memory = MemoryResources{.limit = 1 << 20,
                                             .reservation = 2,
                                             .swap = -1,
                                             .kernel = 3,
                                             .kernel_tcp = 4,
                                             .swappiness = 60,
                                             .disable_oom_killer = false,
                                             .use_hierarchy = true,
                                             .check_before_update = true},
                   .cpu = CpuResources{.shares = 512,
                                       .quota = -1,
                                       .burst = 7,
                                       .period = 100000,
                                       .realtime_runtime = 8,
                                       .realtime_period = 9,
                                       .cpus = "0-1",
                                       .mems = "0",
                                       .idle = 1},
                   .pids_limit = 32,
                   .other_json = {{"devices", R"([{"allow":false,"access":"rwm"}])"},
                                  {"unified", R"({"memory.high":"1"})"}}};
  all.devices = {{.path = "/dev/fuse",
                  .type = "c",
                  .major = 10,
                  .minor = 229,
                  .file_mode = 0666,
                  .uid = 0,
                  .gid = 5}};
  all.masked_paths = {"/proc/kcore"};
  all.readonly_paths = {"/proc/sys"};
  all.sysctl = {{"net.ipv4.ip_forward", "1"}};
  all.rootfs_propagation = "rslave";
  all.seccomp_json = R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a b"]}]})";
  return all;
}

}  // namespace

Spec FullSpec() {
  return {.oci_version = "1.1.0",
          .process = FullProcess(),
          .root = {.path = "rootfs", .readonly = true},
          .hostname = "host",
          .domainname = "example.org",
          .mounts = {{.destination = "/data",
                      .type = "bind",
                      .source = "/srv",
                      .options = {"rbind", "ro"},
                      .uid_mappings = {{.container_id = 0, .host_id = 1, .size = 2}},
                      .gid_mappings = {{.container_id = 3, .host_id = 4, .size = 5}}}},
          .hooks = {.prestart = {HookNamed("prestart")},
                    .create_runtime = {HookNamed("runtime")},
                    .create_container = {HookNamed("container")},
                    .start_container = {HookNamed("start")},
                    .poststart = {HookNamed("poststart"), HookNamed("again")},
                    .poststop = {HookNamed("poststop")}},
          .annotations = {{"org.example/key", "value"}, {"empty", ""}},
          .linux = FullLinux()};
}

}  // namespace oci::testing
