// SPDX-License-Identifier: Apache-2.0
#include "oci/spec_parser.h"

#include <limits>
#include <type_traits>

#include "base/status_macros.h"
#include "oci/json_reader.h"
#include "oci/limits.h"

namespace oci {
namespace {

// One Read per type. Declared before the templates, which call each other and these.
absl::Status Read(JsonReader& in, Capabilities& out);
absl::Status Read(JsonReader& in, ConsoleSize& out);
absl::Status Read(JsonReader& in, CpuResources& out);
absl::Status Read(JsonReader& in, Device& out);
absl::Status Read(JsonReader& in, Hook& out);
absl::Status Read(JsonReader& in, Hooks& out);
absl::Status Read(JsonReader& in, IdMapping& out);
absl::Status Read(JsonReader& in, Linux& out);
absl::Status Read(JsonReader& in, MemoryResources& out);
absl::Status Read(JsonReader& in, Mount& out);
absl::Status Read(JsonReader& in, Namespace& out);
absl::Status Read(JsonReader& in, Process& out);
absl::Status Read(JsonReader& in, Resources& out);
absl::Status Read(JsonReader& in, Rlimit& out);
absl::Status Read(JsonReader& in, Root& out);
absl::Status Read(JsonReader& in, Spec& out);
absl::Status Read(JsonReader& in, User& out);

absl::Status Read(JsonReader& in, std::string& out) { return in.ReadString(out); }
absl::Status Read(JsonReader& in, bool& out) { return in.ReadBool(out); }

template <typename Integer, std::enable_if_t<std::is_integral_v<Integer>, int> = 0>
absl::Status Read(JsonReader& in, Integer& out) {
  using Limits = std::numeric_limits<Integer>;
  std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t> value = 0;
  if constexpr (std::is_signed_v<Integer>) {
    RETURN_IF_ERROR(in.ReadInteger(Limits::min(), Limits::max(), value));
  } else {
    RETURN_IF_ERROR(in.ReadUnsigned(Limits::max(), value));
  }
  out = static_cast<Integer>(value);
  return absl::OkStatus();
}

template <typename T>
absl::Status Read(JsonReader& in, std::optional<T>& out) {
  return Read(in, out.emplace());
}

template <typename T>
absl::Status Read(JsonReader& in, std::vector<T>& out) {
  out.clear();
  return in.ReadArray([&] { return Read(in, out.emplace_back()); });
}

absl::Status Read(JsonReader& in, StringMap& out) {
  return in.ReadObject(
      [&](absl::string_view name) { return in.ReadString(out[std::string(name)]); });
}

absl::Status ReadText(JsonReader& in, std::string& out) {
  absl::string_view raw;
  RETURN_IF_ERROR(in.SkipRaw(raw));
  out = CompactJson(raw);
  return absl::OkStatus();
}

absl::Status Read(JsonReader& in, Capabilities& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "bounding") return Read(in, out.bounding);
    if (name == "effective") return Read(in, out.effective);
    if (name == "inheritable") return Read(in, out.inheritable);
    if (name == "permitted") return Read(in, out.permitted);
    if (name == "ambient") return Read(in, out.ambient);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, ConsoleSize& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "height") return Read(in, out.height);
    if (name == "width") return Read(in, out.width);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, CpuResources& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "shares") return Read(in, out.shares);
    if (name == "quota") return Read(in, out.quota);
    if (name == "burst") return Read(in, out.burst);
    if (name == "period") return Read(in, out.period);
    if (name == "realtimeRuntime") return Read(in, out.realtime_runtime);
    if (name == "realtimePeriod") return Read(in, out.realtime_period);
    if (name == "cpus") return Read(in, out.cpus);
    if (name == "mems") return Read(in, out.mems);
    if (name == "idle") return Read(in, out.idle);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, Device& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "path") return Read(in, out.path);
    if (name == "type") return Read(in, out.type);
    if (name == "major") return Read(in, out.major);
    if (name == "minor") return Read(in, out.minor);
    if (name == "fileMode") return Read(in, out.file_mode);
    if (name == "uid") return Read(in, out.uid);
    if (name == "gid") return Read(in, out.gid);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, Hook& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "path") return Read(in, out.path);
    if (name == "args") return Read(in, out.args);
    if (name == "env") return Read(in, out.env);
    if (name == "timeout") return Read(in, out.timeout);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, Hooks& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "prestart") return Read(in, out.prestart);
    if (name == "createRuntime") return Read(in, out.create_runtime);
    if (name == "createContainer") return Read(in, out.create_container);
    if (name == "startContainer") return Read(in, out.start_container);
    if (name == "poststart") return Read(in, out.poststart);
    if (name == "poststop") return Read(in, out.poststop);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, IdMapping& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "containerID") return Read(in, out.container_id);
    if (name == "hostID") return Read(in, out.host_id);
    if (name == "size") return Read(in, out.size);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, Linux& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "namespaces") return Read(in, out.namespaces);
    if (name == "uidMappings") return Read(in, out.uid_mappings);
    if (name == "gidMappings") return Read(in, out.gid_mappings);
    if (name == "cgroupsPath") return Read(in, out.cgroups_path);
    if (name == "resources") return Read(in, out.resources);
    if (name == "devices") return Read(in, out.devices);
    if (name == "maskedPaths") return Read(in, out.masked_paths);
    if (name == "readonlyPaths") return Read(in, out.readonly_paths);
    if (name == "sysctl") return Read(in, out.sysctl);
    if (name == "rootfsPropagation") return Read(in, out.rootfs_propagation);
    if (name == "seccomp") return ReadText(in, out.seccomp_json);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, MemoryResources& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "limit") return Read(in, out.limit);
    if (name == "reservation") return Read(in, out.reservation);
    if (name == "swap") return Read(in, out.swap);
    if (name == "kernel") return Read(in, out.kernel);
    if (name == "kernelTCP") return Read(in, out.kernel_tcp);
    if (name == "swappiness") return Read(in, out.swappiness);
    if (name == "disableOOMKiller") return Read(in, out.disable_oom_killer);
    if (name == "useHierarchy") return Read(in, out.use_hierarchy);
    if (name == "checkBeforeUpdate") return Read(in, out.check_before_update);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, Mount& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "destination") return Read(in, out.destination);
    if (name == "type") return Read(in, out.type);
    if (name == "source") return Read(in, out.source);
    if (name == "options") return Read(in, out.options);
    if (name == "uidMappings") return Read(in, out.uid_mappings);
    if (name == "gidMappings") return Read(in, out.gid_mappings);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, Namespace& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "type") return Read(in, out.type);
    if (name == "path") return Read(in, out.path);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, Process& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "terminal") return Read(in, out.terminal);
    if (name == "consoleSize") return Read(in, out.console_size);
    if (name == "user") return Read(in, out.user);
    if (name == "args") return Read(in, out.args);
    if (name == "env") return Read(in, out.env);
    if (name == "cwd") return Read(in, out.cwd);
    if (name == "capabilities") return Read(in, out.capabilities);
    if (name == "rlimits") return Read(in, out.rlimits);
    if (name == "noNewPrivileges") return Read(in, out.no_new_privileges);
    if (name == "oomScoreAdj") return Read(in, out.oom_score_adj);
    if (name == "apparmorProfile") return Read(in, out.apparmor_profile);
    if (name == "selinuxLabel") return Read(in, out.selinux_label);
    return in.Skip();
  });
}

absl::Status ReadPidsLimit(JsonReader& in, std::optional<std::int64_t>& out) {
  return in.ReadObject(
      [&](absl::string_view name) { return name == "limit" ? Read(in, out) : in.Skip(); });
}

absl::Status Read(JsonReader& in, Resources& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "memory") return Read(in, out.memory);
    if (name == "cpu") return Read(in, out.cpu);
    if (name == "pids") return ReadPidsLimit(in, out.pids_limit);
    return ReadText(in, out.other_json[std::string(name)]);
  });
}

absl::Status Read(JsonReader& in, Rlimit& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "type") return Read(in, out.type);
    if (name == "soft") return Read(in, out.soft);
    if (name == "hard") return Read(in, out.hard);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, Root& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "path") return Read(in, out.path);
    if (name == "readonly") return Read(in, out.readonly);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, Spec& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "ociVersion") return Read(in, out.oci_version);
    if (name == "process") return Read(in, out.process);
    if (name == "root") return Read(in, out.root);
    if (name == "hostname") return Read(in, out.hostname);
    if (name == "domainname") return Read(in, out.domainname);
    if (name == "mounts") return Read(in, out.mounts);
    if (name == "hooks") return Read(in, out.hooks);
    if (name == "annotations") return Read(in, out.annotations);
    if (name == "linux") return Read(in, out.linux);
    return in.Skip();
  });
}

absl::Status Read(JsonReader& in, User& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "uid") return Read(in, out.uid);
    if (name == "gid") return Read(in, out.gid);
    if (name == "umask") return Read(in, out.umask);
    if (name == "additionalGids") return Read(in, out.additional_gids);
    return in.Skip();
  });
}

template <typename T>
absl::StatusOr<T> ParseDocument(absl::string_view json) {
  if (json.size() > kJsonBytesMax) {
    return absl::InvalidArgumentError("the JSON text is too long");
  }
  T document;
  JsonReader in(json);
  RETURN_IF_ERROR(Read(in, document));
  RETURN_IF_ERROR(in.Finish());
  return document;
}

}  // namespace

absl::StatusOr<Spec> ParseSpec(absl::string_view json) { return ParseDocument<Spec>(json); }

absl::StatusOr<Process> ParseProcess(absl::string_view json) {
  return ParseDocument<Process>(json);
}

absl::StatusOr<Resources> ParseResources(absl::string_view json) {
  return ParseDocument<Resources>(json);
}

}  // namespace oci
