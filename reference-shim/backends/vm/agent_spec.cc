// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/agent_spec.h"

#include <absl/strings/str_cat.h>

#include "agent/agent.pb.h"
#include "agent/oci.pb.h"

namespace backends {
namespace {

template <typename Repeated>
void Fill(const oci::Strings& from, Repeated& to) {
  for (const std::string& each : from) *to.Add() = each;
}

void Fill(const oci::Capabilities& from, grpc::LinuxCapabilities& to) {
  Fill(from.bounding, *to.mutable_bounding());
  Fill(from.effective, *to.mutable_effective());
  Fill(from.inheritable, *to.mutable_inheritable());
  Fill(from.permitted, *to.mutable_permitted());
  Fill(from.ambient, *to.mutable_ambient());
}

void Fill(const oci::Hook& from, grpc::Hook& to) {
  to.set_path(from.path);
  Fill(from.args, *to.mutable_args());
  Fill(from.env, *to.mutable_env());
  to.set_timeout(from.timeout.value_or(0));
}

void Fill(const oci::MemoryResources& from, grpc::LinuxMemory& to) {
  to.set_limit(from.limit.value_or(0));
  to.set_reservation(from.reservation.value_or(0));
  to.set_swap(from.swap.value_or(0));
  to.set_kernel(from.kernel.value_or(0));
  to.set_kernel_tcp(from.kernel_tcp.value_or(0));
  to.set_swappiness(from.swappiness.value_or(0));
  to.set_disable_oom_killer(from.disable_oom_killer.value_or(false));
}

void Fill(const oci::CpuResources& from, grpc::LinuxCPU& to) {
  to.set_shares(from.shares.value_or(0));
  to.set_quota(from.quota.value_or(0));
  to.set_period(from.period.value_or(0));
  to.set_realtime_runtime(from.realtime_runtime.value_or(0));
  to.set_realtime_period(from.realtime_period.value_or(0));
  to.set_cpus(from.cpus);
  to.set_mems(from.mems);
}

void Fill(const oci::Device& from, grpc::LinuxDevice& to) {
  constexpr std::uint32_t kModeOfDevices = 0666;
  to.set_path(from.path);
  to.set_type(from.type);
  to.set_major(from.major);
  to.set_minor(from.minor);
  to.set_file_mode(from.file_mode.value_or(kModeOfDevices));
  to.set_uid(from.uid.value_or(0));
  to.set_gid(from.gid.value_or(0));
}

absl::Status Fill(const oci::Linux& from, grpc::Linux& to) {
  for (const oci::IdMapping& each : from.uid_mappings) {
    grpc::LinuxIDMapping& mapping = *to.add_uid_mappings();
    mapping.set_container_id(each.container_id);
    mapping.set_host_id(each.host_id);
    mapping.set_size(each.size);
  }
  for (const oci::IdMapping& each : from.gid_mappings) {
    grpc::LinuxIDMapping& mapping = *to.add_gid_mappings();
    mapping.set_container_id(each.container_id);
    mapping.set_host_id(each.host_id);
    mapping.set_size(each.size);
  }
  for (const auto& [name, value] : from.sysctl) (*to.mutable_sysctl())[name] = value;
  ToAgentResources(from.resources, *to.mutable_resources());
  to.set_cgroups_path(from.cgroups_path);
  for (const oci::Namespace& each : from.namespaces) {
    grpc::LinuxNamespace& space = *to.add_namespaces();
    space.set_type(each.type);
    space.set_path(each.path);
  }
  for (const oci::Device& each : from.devices) Fill(each, *to.add_devices());
  to.set_rootfs_propagation(from.rootfs_propagation);
  Fill(from.masked_paths, *to.mutable_masked_paths());
  Fill(from.readonly_paths, *to.mutable_readonly_paths());
  return absl::OkStatus();
}

}  // namespace

void ToAgentProcess(const oci::Process& from, grpc::Process& to) {
  to.set_terminal(from.terminal);
  if (from.console_size.has_value()) {
    to.mutable_console_size()->set_height(from.console_size->height);
    to.mutable_console_size()->set_width(from.console_size->width);
  }
  to.mutable_user()->set_uid(from.user.uid);
  to.mutable_user()->set_gid(from.user.gid);
  for (const std::uint32_t gid : from.user.additional_gids) {
    to.mutable_user()->add_additional_gids(gid);
  }
  Fill(from.args, *to.mutable_args());
  Fill(from.env, *to.mutable_env());
  to.set_cwd(from.cwd);
  if (from.capabilities.has_value()) Fill(*from.capabilities, *to.mutable_capabilities());
  for (const oci::Rlimit& each : from.rlimits) {
    grpc::POSIXRlimit& limit = *to.add_rlimits();
    limit.set_type(each.type);
    limit.set_hard(each.hard);
    limit.set_soft(each.soft);
  }
  to.set_no_new_privileges(from.no_new_privileges);
  to.set_apparmor_profile(from.apparmor_profile);
  to.set_oom_score_adj(from.oom_score_adj.value_or(0));
  to.set_selinux_label(from.selinux_label);
}

void ToAgentResources(const oci::Resources& from, grpc::LinuxResources& to) {
  if (from.memory.has_value()) Fill(*from.memory, *to.mutable_memory());
  if (from.cpu.has_value()) Fill(*from.cpu, *to.mutable_cpu());
  if (from.pids_limit.has_value()) to.mutable_pids()->set_limit(*from.pids_limit);
}

void ToAgentStorage(const GuestStorage& from, grpc::Storage& to) {
  to.set_driver(from.driver);
  to.set_source(from.source);
  to.set_fstype(from.fstype);
  Fill(from.options, *to.mutable_options());
  to.set_mount_point(from.mount_point);
  if (from.group.has_value()) to.mutable_fs_group()->set_group_id(*from.group);
}

absl::Status ToAgentSpec(const oci::Spec& from, grpc::Spec& to) {
  to.set_version(from.oci_version);
  ToAgentProcess(from.process, *to.mutable_process());
  to.mutable_root()->set_path(from.root.path);
  to.mutable_root()->set_readonly(from.root.readonly);
  to.set_hostname(from.hostname);
  for (const oci::Mount& each : from.mounts) {
    if (!each.uid_mappings.empty() || !each.gid_mappings.empty()) {
      return absl::UnimplementedError(
          absl::StrCat("mount ", each.destination, ": id mappings cannot be passed to a guest"));
    }
    grpc::Mount& mount = *to.add_mounts();
    mount.set_destination(each.destination);
    mount.set_source(each.source);
    mount.set_type(each.type);
    Fill(each.options, *mount.mutable_options());
  }
  for (const oci::Hook& each : from.hooks.start_container) {
    Fill(each, *to.mutable_hooks()->add_start_container());
  }
  for (const auto& [name, value] : from.annotations) (*to.mutable_annotations())[name] = value;
  return Fill(from.linux, *to.mutable_linux());
}

}  // namespace backends
