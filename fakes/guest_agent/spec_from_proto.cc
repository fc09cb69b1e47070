// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/spec_from_proto.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "oci/json_text.h"

namespace fakes {
namespace {

template <typename Repeated>
oci::Strings Texts(const Repeated& values) {
  return {values.begin(), values.end()};
}

template <typename Map>
oci::StringMap TextMap(const Map& values) {
  return {values.begin(), values.end()};
}

template <typename To, typename From>
std::optional<To> Unless0(From value) {
  if (value == 0) return std::nullopt;
  return static_cast<To>(value);
}

template <typename Repeated>
std::vector<oci::Hook> HooksFromProto(const Repeated& hooks) {
  std::vector<oci::Hook> result;
  for (const grpc::Hook& hook : hooks) {
    const std::int64_t timeout =
        std::clamp<std::int64_t>(hook.timeout(), 0, std::numeric_limits<int>::max());
    result.push_back({.path = hook.path(),
                      .args = Texts(hook.args()),
                      .env = Texts(hook.env()),
                      .timeout = Unless0<int>(timeout)});
  }
  return result;
}

template <typename Repeated>
std::vector<oci::IdMapping> MappingsFromProto(const Repeated& mappings) {
  std::vector<oci::IdMapping> result;
  for (const grpc::LinuxIDMapping& mapping : mappings) {
    result.push_back({.container_id = mapping.container_id(),
                      .host_id = mapping.host_id(),
                      .size = mapping.size()});
  }
  return result;
}

template <typename Repeated>
std::string JsonList(const Repeated& texts) {
  return absl::StrCat("[",
                      absl::StrJoin(texts, ",",
                                    [](std::string* to, const std::string& text) {
                                      absl::StrAppend(to, oci::JsonQuote(text));
                                    }),
                      "]");
}

std::string SyscallJson(const grpc::LinuxSyscall& call) {
  std::string json = absl::StrCat("{\"names\":", JsonList(call.names()),
                                  ",\"action\":", oci::JsonQuote(call.action()));
  if (call.errno_ret_case() == grpc::LinuxSyscall::kErrnoret) {
    absl::StrAppend(&json, ",\"errnoRet\":", call.errnoret());
  }
  const auto argument = [](std::string* to, const grpc::LinuxSeccompArg& arg) {
    absl::StrAppend(to, "{\"index\":", arg.index(), ",\"value\":", arg.value(),
                    ",\"valueTwo\":", arg.value_two(), ",\"op\":", oci::JsonQuote(arg.op()), "}");
  };
  if (!call.args().empty()) {
    absl::StrAppend(&json, ",\"args\":[", absl::StrJoin(call.args(), ",", argument), "]");
  }
  return absl::StrCat(json, "}");
}

std::string SeccompJson(const grpc::LinuxSeccomp& seccomp) {
  std::string json = absl::StrCat("{\"defaultAction\":", oci::JsonQuote(seccomp.default_action()));
  if (!seccomp.architectures().empty()) {
    absl::StrAppend(&json, ",\"architectures\":", JsonList(seccomp.architectures()));
  }
  if (!seccomp.flags().empty()) absl::StrAppend(&json, ",\"flags\":", JsonList(seccomp.flags()));
  if (!seccomp.syscalls().empty()) {
    absl::StrAppend(
        &json, ",\"syscalls\":[",
        absl::StrJoin(seccomp.syscalls(), ",",
                      [](std::string* to, const auto& c) { absl::StrAppend(to, SyscallJson(c)); }),
        "]");
  }
  return absl::StrCat(json, "}");
}

oci::Linux LinuxFromProto(const grpc::Linux& from) {
  oci::Linux to;
  for (const grpc::LinuxNamespace& space : from.namespaces()) {
    to.namespaces.push_back({.type = space.type(), .path = space.path()});
  }
  to.uid_mappings = MappingsFromProto(from.uid_mappings());
  to.gid_mappings = MappingsFromProto(from.gid_mappings());
  to.cgroups_path = from.cgroups_path();
  to.resources = ResourcesFromProto(from.resources());
  for (const grpc::LinuxDevice& device : from.devices()) {
    to.devices.push_back({.path = device.path(),
                          .type = device.type(),
                          .major = device.major(),
                          .minor = device.minor(),
                          .file_mode = Unless0<std::uint32_t>(device.file_mode()),
                          .uid = device.uid(),
                          .gid = device.gid()});
  }
  to.masked_paths = Texts(from.masked_paths());
  to.readonly_paths = Texts(from.readonly_paths());
  to.sysctl = TextMap(from.sysctl());
  to.rootfs_propagation = from.rootfs_propagation();
  if (from.has_seccomp()) to.seccomp_json = SeccompJson(from.seccomp());
  return to;
}

}  // namespace

oci::Resources ResourcesFromProto(const grpc::LinuxResources& from) {
  oci::Resources to;
  if (from.has_memory()) {
    const grpc::LinuxMemory& memory = from.memory();
    to.memory = oci::MemoryResources{.limit = Unless0<std::int64_t>(memory.limit()),
                                     .reservation = Unless0<std::int64_t>(memory.reservation()),
                                     .swap = Unless0<std::int64_t>(memory.swap()),
                                     .kernel = Unless0<std::int64_t>(memory.kernel()),
                                     .kernel_tcp = Unless0<std::int64_t>(memory.kernel_tcp()),
                                     .swappiness = Unless0<std::uint64_t>(memory.swappiness())};
    if (memory.disable_oom_killer()) to.memory->disable_oom_killer = true;
  }
  if (from.has_cpu()) {
    const grpc::LinuxCPU& cpu = from.cpu();
    to.cpu = oci::CpuResources{.shares = Unless0<std::uint64_t>(cpu.shares()),
                               .quota = Unless0<std::int64_t>(cpu.quota()),
                               .period = Unless0<std::uint64_t>(cpu.period()),
                               .realtime_runtime = Unless0<std::int64_t>(cpu.realtime_runtime()),
                               .realtime_period = Unless0<std::uint64_t>(cpu.realtime_period()),
                               .cpus = cpu.cpus(),
                               .mems = cpu.mems()};
  }
  to.pids_limit = Unless0<std::int64_t>(from.pids().limit());
  return to;
}

oci::Process ProcessFromProto(const grpc::Process& from) {
  oci::Process to;
  to.terminal = from.terminal();
  if (from.has_console_size()) {
    to.console_size = oci::ConsoleSize{.height = from.console_size().height(),
                                       .width = from.console_size().width()};
  }
  to.user.uid = from.user().uid();
  to.user.gid = from.user().gid();
  to.user.additional_gids.assign(from.user().additional_gids().begin(),
                                 from.user().additional_gids().end());
  to.args = Texts(from.args());
  to.env = Texts(from.env());
  to.cwd = from.cwd();
  if (from.has_capabilities()) {
    const grpc::LinuxCapabilities& sets = from.capabilities();
    to.capabilities = oci::Capabilities{.bounding = Texts(sets.bounding()),
                                        .effective = Texts(sets.effective()),
                                        .inheritable = Texts(sets.inheritable()),
                                        .permitted = Texts(sets.permitted()),
                                        .ambient = Texts(sets.ambient())};
  }
  for (const grpc::POSIXRlimit& limit : from.rlimits()) {
    to.rlimits.push_back({.type = limit.type(), .soft = limit.soft(), .hard = limit.hard()});
  }
  to.no_new_privileges = from.no_new_privileges();
  to.oom_score_adj = Unless0<int>(std::clamp<std::int64_t>(from.oom_score_adj(), -1000, 1000));
  to.apparmor_profile = from.apparmor_profile();
  to.selinux_label = from.selinux_label();
  return to;
}

oci::Spec SpecFromProto(const grpc::Spec& from) {
  oci::Spec to;
  to.oci_version = from.version();
  to.process = ProcessFromProto(from.process());
  to.root = {.path = from.root().path(), .readonly = from.root().readonly()};
  to.hostname = from.hostname();
  for (const grpc::Mount& mount : from.mounts()) {
    to.mounts.push_back({.destination = mount.destination(),
                         .type = mount.type(),
                         .source = mount.source(),
                         .options = Texts(mount.options())});
  }
  const grpc::Hooks& hooks = from.hooks();
  to.hooks.prestart = HooksFromProto(hooks.prestart());
  to.hooks.create_runtime = HooksFromProto(hooks.create_runtime());
  to.hooks.create_container = HooksFromProto(hooks.create_container());
  to.hooks.start_container = HooksFromProto(hooks.start_container());
  to.hooks.poststart = HooksFromProto(hooks.poststart());
  to.hooks.poststop = HooksFromProto(hooks.poststop());
  to.annotations = TextMap(from.annotations());
  to.linux = LinuxFromProto(from.linux());
  return to;
}

}  // namespace fakes
