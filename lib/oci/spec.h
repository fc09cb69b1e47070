// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// The parts of the OCI runtime specification (config.json, version 1.x) that this project reads or
// writes, as plain values. A default value means "absent" unless the member is an optional.
namespace oci {

using Strings = std::vector<std::string>;
using StringMap = std::map<std::string, std::string>;

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
  friend bool operator==(const User&, const User&) = default;
};

struct Capabilities {  // names such as CAP_KILL
  Strings bounding;
  Strings effective;
  Strings inheritable;
  Strings permitted;
  Strings ambient;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

struct Rlimit {
  std::string type;  // RLIMIT_NOFILE
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  friend bool operator==(const Rlimit&, const Rlimit&) = default;
};

struct ConsoleSize {
  std::uint32_t height = 0;
  std::uint32_t width = 0;
  friend bool operator==(const ConsoleSize&, const ConsoleSize&) = default;
};

// Also the payload of Exec (EXEC-01).
struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  Strings args;
  Strings env;  // NAME=value
  std::string cwd;
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::string apparmor_profile;
  std::string selinux_label;
  friend bool operator==(const Process&, const Process&) = default;
};

struct Root {
  std::string path;  // absolute, or relative to the bundle
  bool readonly = false;
  friend bool operator==(const Root&, const Root&) = default;
};

struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
  friend bool operator==(const IdMapping&, const IdMapping&) = default;
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  Strings options;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  friend bool operator==(const Mount&, const Mount&) = default;
};

struct Hook {
  std::string path;
  Strings args;  // args[0] is the program's own name
  Strings env;
  std::optional<int> timeout;  // seconds
  friend bool operator==(const Hook&, const Hook&) = default;
};

struct Hooks {
  std::vector<Hook> prestart;
  std::vector<Hook> create_runtime;
  std::vector<Hook> create_container;
  std::vector<Hook> start_container;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;
  friend bool operator==(const Hooks&, const Hooks&) = default;
};

struct Namespace {
  std::string type;  // pid network mount ipc uts user cgroup time
  std::string path;  // of an existing one to join; empty: a new one
  friend bool operator==(const Namespace&, const Namespace&) = default;
};

struct Device {
  std::string path;
  std::string type;  // c, b, u or p
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint32_t> file_mode;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  friend bool operator==(const Device&, const Device&) = default;
};

struct MemoryResources {  // bytes; -1 means unlimited
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> reservation;
  std::optional<std::int64_t> swap;
  std::optional<std::int64_t> kernel;
  std::optional<std::int64_t> kernel_tcp;
  std::optional<std::uint64_t> swappiness;
  std::optional<bool> disable_oom_killer;
  std::optional<bool> use_hierarchy;
  std::optional<bool> check_before_update;
  friend bool operator==(const MemoryResources&, const MemoryResources&) = default;
};

struct CpuResources {  // times in microseconds
  std::optional<std::uint64_t> shares;
  std::optional<std::int64_t> quota;
  std::optional<std::uint64_t> burst;
  std::optional<std::uint64_t> period;
  std::optional<std::int64_t> realtime_runtime;
  std::optional<std::uint64_t> realtime_period;
  std::string cpus;
  std::string mems;
  std::optional<std::int64_t> idle;
  friend bool operator==(const CpuResources&, const CpuResources&) = default;
};

// Also the payload of Update (UPDATE-01).
struct Resources {
  std::optional<MemoryResources> memory;
  std::optional<CpuResources> cpu;
  std::optional<std::int64_t> pids_limit;
  // The members not listed above (devices, blockIO, hugepageLimits, unified, …), each with its JSON
  // text, compact as CompactJson makes it.
  StringMap other_json;
  friend bool operator==(const Resources&, const Resources&) = default;
};

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::string cgroups_path;
  Resources resources;
  std::vector<Device> devices;
  Strings masked_paths;
  Strings readonly_paths;
  StringMap sysctl;
  std::string rootfs_propagation;
  std::string seccomp_json;  // compact JSON text of linux.seccomp; empty: none
  friend bool operator==(const Linux&, const Linux&) = default;
};

struct Spec {
  std::string oci_version;
  Process process;
  Root root;
  std::string hostname;
  std::string domainname;
  std::vector<Mount> mounts;
  Hooks hooks;
  StringMap annotations;
  Linux linux;
  friend bool operator==(const Spec&, const Spec&) = default;
};

// The entry of linux.namespaces with this type; nullptr if there is none.
const Namespace* FindNamespace(const Spec& spec, const std::string& type);

// True if the container has a pid namespace of its own, new with it (REAP-06, REAP-07).
bool HasPrivatePidNamespace(const Spec& spec);

}  // namespace oci
