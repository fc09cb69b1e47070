// SPDX-License-Identifier: Apache-2.0
#include "oci/spec_writer.h"

#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "oci/json_reader.h"

namespace oci {
namespace {

using Json = nlohmann::ordered_json;  // members in the order written here

// Puts `value` under `key` unless it is the default.
template <typename T>
void Put(Json& object, const char* key, const T& value) {
  if (value != T{}) object[key] = value;
}
template <typename T>
void Put(Json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}
void PutObject(Json& object, const char* key, Json value) {
  if (!value.empty()) object[key] = std::move(value);
}
template <typename T>
void PutEach(Json& object, const char* key, const std::vector<T>& values,
             Json (*to_json)(const T&)) {
  for (const T& value : values) object[key].push_back(to_json(value));
}

Json ToJson(const User& user) {
  Json json = Json::object({{"uid", user.uid}, {"gid", user.gid}});
  Put(json, "umask", user.umask);
  Put(json, "additionalGids", user.additional_gids);
  return json;
}

Json ToJson(const Capabilities& capabilities) {
  Json json = Json::object();
  Put(json, "bounding", capabilities.bounding);
  Put(json, "effective", capabilities.effective);
  Put(json, "inheritable", capabilities.inheritable);
  Put(json, "permitted", capabilities.permitted);
  Put(json, "ambient", capabilities.ambient);
  return json;
}

Json ToJson(const Rlimit& rlimit) {
  return Json::object({{"type", rlimit.type}, {"hard", rlimit.hard}, {"soft", rlimit.soft}});
}

Json ToJson(const IdMapping& mapping) {
  return Json::object(
      {{"containerID", mapping.container_id}, {"hostID", mapping.host_id}, {"size", mapping.size}});
}

Json ToJson(const Mount& mount) {
  Json json = Json::object({{"destination", mount.destination}});
  Put(json, "type", mount.type);
  Put(json, "source", mount.source);
  Put(json, "options", mount.options);
  PutEach<IdMapping>(json, "uidMappings", mount.uid_mappings, ToJson);
  PutEach<IdMapping>(json, "gidMappings", mount.gid_mappings, ToJson);
  return json;
}

Json ToJson(const Hook& hook) {
  Json json = Json::object({{"path", hook.path}});
  Put(json, "args", hook.args);
  Put(json, "env", hook.env);
  Put(json, "timeout", hook.timeout);
  return json;
}

Json ToJson(const Hooks& hooks) {
  Json json = Json::object();
  PutEach<Hook>(json, "prestart", hooks.prestart, ToJson);
  PutEach<Hook>(json, "createRuntime", hooks.create_runtime, ToJson);
  PutEach<Hook>(json, "createContainer", hooks.create_container, ToJson);
  PutEach<Hook>(json, "startContainer", hooks.start_container, ToJson);
  PutEach<Hook>(json, "poststart", hooks.poststart, ToJson);
  PutEach<Hook>(json, "poststop", hooks.poststop, ToJson);
  return json;
}

Json ToJson(const Namespace& entry) {
  Json json = Json::object({{"type", entry.type}});
  Put(json, "path", entry.path);
  return json;
}

Json ToJson(const Device& device) {
  Json json = Json::object({{"path", device.path}, {"type", device.type}});
  Put(json, "major", device.major);
  Put(json, "minor", device.minor);
  Put(json, "fileMode", device.file_mode);
  Put(json, "uid", device.uid);
  Put(json, "gid", device.gid);
  return json;
}

Json ToJson(const MemoryResources& memory) {
  Json json = Json::object();
  Put(json, "limit", memory.limit);
  Put(json, "reservation", memory.reservation);
  Put(json, "swap", memory.swap);
  Put(json, "kernel", memory.kernel);
  Put(json, "kernelTCP", memory.kernel_tcp);
  Put(json, "swappiness", memory.swappiness);
  Put(json, "disableOOMKiller", memory.disable_oom_killer);
  Put(json, "useHierarchy", memory.use_hierarchy);
  Put(json, "checkBeforeUpdate", memory.check_before_update);
  return json;
}

Json ToJson(const CpuResources& cpu) {
  Json json = Json::object();
  Put(json, "shares", cpu.shares);
  Put(json, "quota", cpu.quota);
  Put(json, "burst", cpu.burst);
  Put(json, "period", cpu.period);
  Put(json, "realtimeRuntime", cpu.realtime_runtime);
  Put(json, "realtimePeriod", cpu.realtime_period);
  Put(json, "cpus", cpu.cpus);
  Put(json, "mems", cpu.mems);
  Put(json, "idle", cpu.idle);
  return json;
}

Json ToJson(const Process& process) {
  Json json = Json::object();
  Put(json, "terminal", process.terminal);
  if (process.console_size) {
    json["consoleSize"]["height"] = process.console_size->height;
    json["consoleSize"]["width"] = process.console_size->width;
  }
  json["user"] = ToJson(process.user);
  Put(json, "args", process.args);
  Put(json, "env", process.env);
  json["cwd"] = process.cwd;
  if (process.capabilities) json["capabilities"] = ToJson(*process.capabilities);
  PutEach<Rlimit>(json, "rlimits", process.rlimits, ToJson);
  Put(json, "noNewPrivileges", process.no_new_privileges);
  Put(json, "oomScoreAdj", process.oom_score_adj);
  Put(json, "apparmorProfile", process.apparmor_profile);
  Put(json, "selinuxLabel", process.selinux_label);
  return json;
}

absl::StatusOr<Json> FromText(absl::string_view text, absl::string_view name) {
  RETURN_IF_ERROR(base::Annotate(ValidateJson(text), name));
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError(absl::StrCat(name, ": not JSON"));
  return json;
}

absl::StatusOr<Json> ToJson(const Resources& resources) {
  Json json = Json::object();
  if (resources.memory) json["memory"] = ToJson(*resources.memory);
  if (resources.cpu) json["cpu"] = ToJson(*resources.cpu);
  if (resources.pids_limit) json["pids"]["limit"] = *resources.pids_limit;
  for (const auto& [name, text] : resources.other_json) {
    ASSIGN_OR_RETURN(json[name], FromText(text, absl::StrCat("resources.", name)));
  }
  return json;
}

absl::StatusOr<Json> ToJson(const Linux& linux) {
  Json json = Json::object();
  PutEach<Namespace>(json, "namespaces", linux.namespaces, ToJson);
  PutEach<IdMapping>(json, "uidMappings", linux.uid_mappings, ToJson);
  PutEach<IdMapping>(json, "gidMappings", linux.gid_mappings, ToJson);
  Put(json, "cgroupsPath", linux.cgroups_path);
  ASSIGN_OR_RETURN(Json resources, ToJson(linux.resources));
  PutObject(json, "resources", std::move(resources));
  PutEach<Device>(json, "devices", linux.devices, ToJson);
  Put(json, "maskedPaths", linux.masked_paths);
  Put(json, "readonlyPaths", linux.readonly_paths);
  Put(json, "sysctl", linux.sysctl);
  Put(json, "rootfsPropagation", linux.rootfs_propagation);
  if (!linux.seccomp_json.empty()) {
    ASSIGN_OR_RETURN(json["seccomp"], FromText(linux.seccomp_json, "linux.seccomp"));
  }
  return json;
}

absl::StatusOr<Json> ToJson(const Spec& spec) {
  Json json = Json::object({{"ociVersion", spec.oci_version}});
  if (spec.process != Process{}) json["process"] = ToJson(spec.process);
  if (spec.root != Root{}) {
    json["root"]["path"] = spec.root.path;
    Put(json["root"], "readonly", spec.root.readonly);
  }
  Put(json, "hostname", spec.hostname);
  Put(json, "domainname", spec.domainname);
  PutEach<Mount>(json, "mounts", spec.mounts, ToJson);
  PutObject(json, "hooks", ToJson(spec.hooks));
  Put(json, "annotations", spec.annotations);
  ASSIGN_OR_RETURN(Json linux, ToJson(spec.linux));
  PutObject(json, "linux", std::move(linux));
  return json;
}

// nlohmann throws on strings that are not UTF-8; with `replace` it does not, and the text is then
// no longer what was asked for.
absl::StatusOr<std::string> Dump(const Json& json, int indent) {
  std::string text = json.dump(indent, ' ', false, Json::error_handler_t::replace);
  if (text != json.dump(indent, ' ', false, Json::error_handler_t::ignore)) {
    return absl::InvalidArgumentError("a string of the spec is not UTF-8");
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> WriteSpec(const Spec& spec) {
  ASSIGN_OR_RETURN(const Json json, ToJson(spec));
  ASSIGN_OR_RETURN(std::string text, Dump(json, 2));
  return text + "\n";
}

absl::StatusOr<std::string> WriteProcess(const Process& process) {
  return Dump(ToJson(process), -1);
}

absl::StatusOr<std::string> WriteResources(const Resources& resources) {
  ASSIGN_OR_RETURN(const Json json, ToJson(resources));
  return Dump(json, -1);
}

}  // namespace oci
