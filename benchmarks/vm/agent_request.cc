// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/vm/agent_request.h"

#include <absl/strings/str_cat.h>

#include "vm/guest_channel.h"

namespace benchmarks::vm {
namespace {

// Where a guest has what is shared with it.
constexpr char kGuestShared[] = "/run/kata-containers/shared/containers";
constexpr char kGuestShm[] = "/run/kata-containers/sandbox/shm";

template <typename Repeated>
void Fill(const oci::Strings& from, Repeated& to) {
  for (const std::string& each : from) *to.Add() = each;
}

void FillProcess(const oci::Process& from, grpc::Process& to) {
  Fill(from.args, *to.mutable_args());
  Fill(from.env, *to.mutable_env());
  to.set_cwd(from.cwd);
  to.set_no_new_privileges(from.no_new_privileges);
  if (!from.capabilities.has_value()) return;
  Fill(from.capabilities->bounding, *to.mutable_capabilities()->mutable_bounding());
  Fill(from.capabilities->effective, *to.mutable_capabilities()->mutable_effective());
  Fill(from.capabilities->permitted, *to.mutable_capabilities()->mutable_permitted());
}

}  // namespace

grpc::CreateSandboxRequest SandboxRequest(const std::string& id) {
  grpc::CreateSandboxRequest request;
  request.set_sandbox_id(id);
  request.set_hostname(id);
  grpc::Storage& shared = *request.add_storages();
  shared.set_driver("virtio-fs");
  shared.set_source(::vm::kSharedTag);
  shared.set_fstype("virtiofs");
  shared.add_options("nodev");
  shared.set_mount_point(kGuestShared);
  grpc::Storage& shm = *request.add_storages();
  shm.set_driver("ephemeral");
  shm.set_source("shm");
  shm.set_fstype("tmpfs");
  for (const char* option : {"noexec", "nosuid", "nodev", "mode=1777", "size=67108864"}) {
    shm.add_options(option);
  }
  shm.set_mount_point(kGuestShm);
  return request;
}

grpc::CreateContainerRequest ContainerRequest(const std::string& id, const oci::Spec& spec) {
  grpc::CreateContainerRequest request;
  request.set_container_id(id);
  request.set_exec_id(id);
  grpc::Spec& to = *request.mutable_oci();
  to.set_version(spec.oci_version);
  FillProcess(spec.process, *to.mutable_process());
  to.mutable_root()->set_path(absl::StrCat(kGuestShared, "/", id, "/rootfs"));
  to.set_hostname(spec.hostname);
  for (const oci::Mount& each : spec.mounts) {
    grpc::Mount& mount = *to.add_mounts();
    mount.set_destination(each.destination);
    mount.set_source(each.source);
    mount.set_type(each.type);
    Fill(each.options, *mount.mutable_options());
  }
  to.mutable_linux()->set_cgroups_path(spec.linux.cgroups_path);
  for (const oci::Namespace& each : spec.linux.namespaces) {
    if (each.type == "pid") continue;  // the pod's, as shims have it
    to.mutable_linux()->add_namespaces()->set_type(each.type);
  }
  return request;
}

}  // namespace benchmarks::vm
