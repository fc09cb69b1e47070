// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_config.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "reference-shim/backends/vm/virtiofs_daemon.h"
#include "reference-shim/backends/wasm/wasm_host.h"
#include "runtimeoptions/v1/options.pb.h"

namespace backends {
namespace {

constexpr absl::string_view kOptionsType = "runtimeoptions.v1.Options";
constexpr std::int64_t kVcpusMax = 1024;
constexpr std::int64_t kMemoryMibMin = 16;
constexpr std::int64_t kMemoryMibMax = 16LL << 20;
constexpr std::int64_t kTimeoutMsMax = 3'600'000;
constexpr std::int64_t kFailuresMax = 1000;

// One table of the file. Remembers which of its keys were asked for, and the first complaint.
class Table {
 public:
  Table(const toml::table& root, const char* name, const std::string& file)
      : file_(file), name_(name), node_(root.get(name)) {
    if (node_ == nullptr) return;
    table_ = node_->as_table();
    if (table_ == nullptr) Complain(*node_, "", "a table");
  }

  void Read(const char* key, std::string& value) {
    const toml::node* node = Take(key);
    if (node == nullptr) return;
    const auto* text = node->as_string();
    if (text == nullptr) return Complain(*node, key, "a string");
    value = text->get();
  }

  void ReadPath(const char* key, std::string& value) {
    Read(key, value);
    if (const toml::node* node = Take(key); node != nullptr && !absl::StartsWith(value, "/")) {
      Complain(*node, key, "an absolute path");
    }
  }

  void Read(const char* key, std::vector<std::string>& value) {
    const toml::node* node = Take(key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr) return Complain(*node, key, "a list of strings");
    for (const toml::node& item : *list) {
      const auto* text = item.as_string();
      if (text == nullptr) return Complain(item, key, "a list of strings");
      value.push_back(text->get());
    }
  }

  template <typename Integer>
  void Read(const char* key, std::int64_t least, std::int64_t most, Integer& value) {
    const toml::node* node = Take(key);
    if (node == nullptr) return;
    const auto* number = node->as_integer();
    if (number == nullptr || number->get() < least || number->get() > most) {
      return Complain(*node, key, absl::StrCat("a whole number between ", least, " and ", most));
    }
    value = static_cast<Integer>(number->get());
  }

  void Read(const char* key, std::chrono::milliseconds& value) {
    std::int64_t count = value.count();
    Read(key, 1, kTimeoutMsMax, count);
    value = std::chrono::milliseconds(count);
  }

  absl::Status Finish() {
    if (table_ != nullptr) {
      for (const auto& [key, node] : *table_) {
        if (known_.count(std::string(key.str())) == 0) {
          Complain(node, std::string(key.str()).c_str(), "no such key");
        }
      }
    }
    return status_;
  }

 private:
  const toml::node* Take(const char* key) {
    known_.insert(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }

  void Complain(const toml::node& node, const char* key, absl::string_view expected) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat(
        file_, ":", node.source().begin.line, ": [", name_, "]", *key == '\0' ? "" : " ", key,
        expected == "no such key" ? ": " : ": expected ", expected));
  }

  const std::string& file_;
  const char* name_;
  const toml::node* node_;
  const toml::table* table_ = nullptr;
  std::set<std::string> known_;
  absl::Status status_;
};

constexpr char kCloudHypervisorKind[] = "cloud-hypervisor";
constexpr char kQemuKind[] = "qemu";

// What depends on the kind; the kind itself is read first.
absl::Status CheckKind(const std::string& kind, VmConfig& config) {
  if (kind == kQemuKind) {
    config.kind = HypervisorKind::kQemu;
    config.path = "qemu-system-x86_64";
  } else if (kind != kCloudHypervisorKind) {
    return absl::InvalidArgumentError(
        absl::StrCat("kind: \"", kind, "\": expected \"cloud-hypervisor\" or \"qemu\""));
  }
  return absl::OkStatus();
}

// They become a part of one of QEMU's options.
bool IsAcceleratorList(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) || c == ':';
  });
}

absl::Status ReadQemu(Table& table, VmConfig& config) {
  std::string accelerator;
  std::string virtiofsd;
  table.Read("accelerator", accelerator);
  table.Read("virtiofsd", virtiofsd);
  config.virtiofsd = virtiofsd;
  if (config.kind != HypervisorKind::kQemu) {
    if (accelerator.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("accelerator: expected for kind \"qemu\" only");
  }
  if (config.vcpus_max != 0 || config.memory_mib_max != 0) {
    return absl::InvalidArgumentError(
        "max_vcpus, max_memory_mib: expected for kind \"cloud-hypervisor\" only");
  }
  if (virtiofsd.empty()) config.virtiofsd = "virtiofsd";
  if (!accelerator.empty()) config.accelerator = accelerator;
  if (IsAcceleratorList(config.accelerator)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("accelerator: \"", config.accelerator,
                                                 "\": expected names such as \"kvm:tcg\""));
}

absl::Status ReadHypervisor(const toml::table& root, const std::string& file, VmConfig& config) {
  Table table(root, "hypervisor", file);
  std::string kind = kCloudHypervisorKind;
  table.Read("kind", kind);
  const absl::Status known = CheckKind(kind, config);
  table.Read("path", config.path);
  table.ReadPath("kernel", config.kernel);
  table.ReadPath("image", config.image);
  table.ReadPath("initrd", config.initrd);
  table.Read("command_line", config.command_line);
  table.Read("arguments", config.arguments);
  table.Read("vcpus", 1, kVcpusMax, config.vcpus);
  table.Read("memory_mib", kMemoryMibMin, kMemoryMibMax, config.memory_mib);
  table.Read("max_vcpus", config.vcpus, kVcpusMax, config.vcpus_max);
  table.Read("max_memory_mib", static_cast<std::int64_t>(config.memory_mib), kMemoryMibMax,
             config.memory_mib_max);
  const absl::Status of_qemu = ReadQemu(table, config);
  RETURN_IF_ERROR(table.Finish());
  const auto refuse = [&file](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": [hypervisor] ", why));
  };
  if (!known.ok()) return refuse(known.message());
  if (!of_qemu.ok()) return refuse(of_qemu.message());
  if (config.path.empty()) return refuse("path: expected a program");
  if (config.kernel.empty()) return refuse("kernel: missing; expected an absolute path");
  if (config.image.empty() == config.initrd.empty()) {
    return refuse("image, initrd: expected one of the two");
  }
  return absl::OkStatus();
}

absl::Status ReadNetwork(const toml::table& root, const std::string& file, VmConfig& config) {
  Table table(root, "network", file);
  std::string model = "tc";
  table.Read("model", model);
  RETURN_IF_ERROR(table.Finish());
  if (model == "none") config.network = NetworkModel::kNone;
  if (model == "tc" || model == "none") return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(file, ": [network] model: \"", model, "\": expected \"tc\" or \"none\""));
}

absl::Status ReadTables(const toml::table& root, const std::string& file, VmConfig& config) {
  for (const auto& [key, node] : root) {
    const std::string_view name = key.str();
    if (name != "hypervisor" && name != "agent" && name != "network" && name != "timeouts" &&
        name != "health" && name != "trace") {
      return absl::InvalidArgumentError(absl::StrCat(
          file, ":", node.source().begin.line, ": ", std::string(name),
          ": expected one of the tables hypervisor, agent, network, timeouts, health, ", "trace"));
    }
  }
  RETURN_IF_ERROR(ReadHypervisor(root, file, config));
  Table agent(root, "agent", file);
  agent.Read("port", 1, std::numeric_limits<std::uint32_t>::max(), config.agent_port);
  RETURN_IF_ERROR(agent.Finish());
  RETURN_IF_ERROR(ReadNetwork(root, file, config));
  Table timeouts(root, "timeouts", file);
  timeouts.Read("launch", config.launch_timeout);
  timeouts.Read("api", config.api_timeout);
  timeouts.Read("boot", config.boot_timeout);
  timeouts.Read("agent", config.agent_timeout);
  timeouts.Read("call", config.call_timeout);
  timeouts.Read("stop", config.stop_timeout);
  RETURN_IF_ERROR(timeouts.Finish());
  Table health(root, "health", file);
  health.Read("interval", config.health_interval);
  health.Read("timeout", config.health_timeout);
  health.Read("failures", 1, kFailuresMax, config.health_failures);
  RETURN_IF_ERROR(health.Finish());
  Table trace(root, "trace", file);
  trace.ReadPath("file", config.trace_file);
  return trace.Finish();
}

void FillMaxima(VmConfig& config) {
  constexpr std::uint64_t kMebibyte = 1ULL << 20;
  const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (config.vcpus_max == 0 && cpus > 0) config.vcpus_max = static_cast<std::uint32_t>(cpus);
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (config.memory_mib_max == 0 && pages > 0 && page > 0) {
    config.memory_mib_max =
        static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) / kMebibyte;
  }
  config.vcpus_max = std::max(config.vcpus_max, config.vcpus);
  config.memory_mib_max = std::max(config.memory_mib_max, config.memory_mib);
}

absl::Status RequireFile(const char* key, const std::string& path) {
  if (path.empty() || ::access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      base::ErrnoStatus(errno, absl::StrCat("[hypervisor] ", key, " ", path)).message());
}

}  // namespace

absl::StatusOr<VmConfig> ParseVmConfig(absl::string_view toml, const std::string& file) {
  try {
    const toml::parse_result root = toml::parse(std::string_view(toml.data(), toml.size()));
    VmConfig config;
    RETURN_IF_ERROR(ReadTables(root, file, config));
    return config;
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ":", error.source().begin.line, ": ",
                     absl::string_view(error.description().data(), error.description().size())));
  }
}

bool IsVmTask(const shim::Opaque& options, const oci::StringMap& annotations, bool otherwise) {
  const auto backend = annotations.find(kBackendAnnotation);
  if (backend != annotations.end()) return backend->second == "vm";
  if (options.type_url != kOptionsType) return otherwise;
  runtimeoptions::v1::Options parsed;
  // What cannot be read is refused where it is read.
  return otherwise || !parsed.ParseFromString(options.value) || !parsed.config_path().empty() ||
         !parsed.config_body().empty();
}

absl::StatusOr<VmConfig> FindVmConfig(const shim::Opaque& options) {
  runtimeoptions::v1::Options parsed;
  if (options.type_url == kOptionsType && !parsed.ParseFromString(options.value)) {
    return absl::InvalidArgumentError(absl::StrCat("options: no ", kOptionsType));
  }
  std::string file = parsed.config_path().empty() ? kVmConfigFile : parsed.config_path();
  std::string text = parsed.config_body();
  if (text.empty()) {
    const absl::StatusOr<std::string> read = base::ReadKernelFile(file);
    if (!read.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("configuration of VMs: ", read.status().message()));
    }
    text = *read;
  } else {
    file = "options.config_body";
  }
  ASSIGN_OR_RETURN(VmConfig config, ParseVmConfig(text, file));
  if (!absl::StartsWith(config.path, "/")) {
    const absl::StatusOr<std::string> path = FindCompanion(config.path);
    if (!path.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": [hypervisor] path: ", path.status().message()));
    }
    config.path = *path;
  }
  FillMaxima(config);
  if (!config.virtiofsd.empty() && !absl::StartsWith(config.virtiofsd, "/")) {
    const absl::StatusOr<std::string> path = FindVirtiofsDaemon(config.virtiofsd);
    if (!path.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": [hypervisor] virtiofsd: ", path.status().message()));
    }
    config.virtiofsd = *path;
  }
  for (const auto& [key, path] : {std::pair("path", &config.path),
                                  {"kernel", &config.kernel},
                                  {"image", &config.image},
                                  {"initrd", &config.initrd}}) {
    RETURN_IF_ERROR(base::Annotate(RequireFile(key, *path), file));
  }
  RETURN_IF_ERROR(base::Annotate(RequireFile("virtiofsd", config.virtiofsd), file));
  return config;
}

}  // namespace backends
