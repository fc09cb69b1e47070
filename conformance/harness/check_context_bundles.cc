// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_context_bundles.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "base/fifo.h"
#include "base/status_macros.h"
#include "conformance/harness/fixture_modules.h"
#include "fakes/containerd/bundle_maker.h"
#include "oci/spec_writer.h"

namespace conformance {
namespace {

// Below WorldInfo::root, made on first use.
constexpr char kGuests[] = "guests";  // the files of each guest: Bundle::rootfs_source
constexpr char kWork[] = "work";      // what the bundles' `work` links to
// By which cri-containerd tells a shim what a container is to its pod.
constexpr char kCriContainerType[] = "io.kubernetes.cri.container-type";
constexpr char kCriSandboxId[] = "io.kubernetes.cri.sandbox-id";
constexpr std::uint64_t kIdSeedMask = 0xffffff;

absl::Status EnsureDirectory(const std::string& path) {
  const absl::Status status = fakes::MakeDirectory(path, 0711);
  return absl::IsAlreadyExists(status) ? absl::OkStatus() : status;
}

// Newlines, so that the log has nothing to show but empty lines when somebody reads it after all.
void FillPipe(const base::UniqueFd& fd) {
  std::array<char, 4096> newlines;
  newlines.fill('\n');
  std::size_t piece = newlines.size();
  while (piece > 0) {
    if (::write(fd.get(), newlines.data(), piece) >= 0 || errno == EINTR) continue;
    piece /= 2;  // less than a page may still fit
  }
}

}  // namespace

std::string BundleStore::FreshId(const char* kind) {
  return absl::StrFormat("%s%d-%06x", kind, ++ids_, scope_.world().seed & kIdSeedMask);
}

std::string BundleStore::ProgramOnHost(const std::string& program) const {
  if (scope_.world().fixtures.empty()) return "";
  return absl::StrCat(scope_.world().fixtures, "/", program);
}

std::string BundleStore::ModuleOf(const std::string& program) const {
  if (absl::StartsWith(program, "/")) return "";
  const std::string file = program.substr(0, program.find('#'));
  if (absl::EndsWith(file, ".wasm") || absl::EndsWith(file, ".wat")) return file;
  return scope_.profile().guest == Profile::Guest::kWasm ? program + ".wasm" : "";
}

std::string BundleStore::ProgramInGuest(const std::string& program) const {
  if (absl::StartsWith(program, "/")) return program;
  if (const std::string module = ModuleOf(program); !module.empty()) {
    const std::size_t function = std::min(program.find('#'), program.size());
    return absl::StrCat("/", module, program.substr(function));
  }
  if (HasOwnRoot(scope_.profile().guest)) return absl::StrCat("/bin/", program);
  return ProgramOnHost(program);
}

void BundleStore::RequireProgram(const std::string& program) {
  const std::string& fixtures = scope_.world().fixtures;
  if (fixtures.empty() && !absl::StartsWith(program, "/")) {
    scope_.EndAsError(absl::FailedPreconditionError("this run has no fixture programs"));
  }
  const std::string module = ModuleOf(program);
  if (!module.empty() && !HasOwnRoot(scope_.profile().guest)) {
    scope_.EndAsSkip("a guest of the host has no rootfs that a module could lie in");
  }
  if (module.empty() || ::access(ModulePath(fixtures, module).c_str(), R_OK) == 0) return;
  if (!HasModules(fixtures)) scope_.EndAsSkip(kNoModules, why::kHost);
  scope_.EndAsSkip(absl::StrCat("no WebAssembly module can do what '", program, "' does"));
}

void BundleStore::PlaceModule(const std::string& program, const Bundle& bundle) {
  const std::string module = ModuleOf(program);
  if (module.empty()) return;
  const std::string source = ModulePath(scope_.world().fixtures, module);
  std::error_code error;
  std::filesystem::copy_file(source, absl::StrCat(bundle.rootfs_source, "/", module),
                             std::filesystem::copy_options::skip_existing, error);
  if (error) {
    scope_.EndAsError(absl::UnavailableError(absl::StrCat(source, ": ", error.message())));
  }
}

fakes::ProcessRequest BundleStore::ToRequest(const ProcessSpec& process) const {
  fakes::ProcessRequest request;
  request.arguments = {ProgramInGuest(process.program)};
  request.arguments.insert(request.arguments.end(), process.arguments.begin(),
                           process.arguments.end());
  request.env = process.env;
  request.cwd = process.cwd;
  request.terminal = process.terminal;
  request.uid = process.uid;
  request.gid = process.gid;
  return request;
}

std::string BundleStore::ProcessJson(const ProcessSpec& process, const Bundle& bundle) {
  RequireProgram(process.program);
  PlaceModule(process.program, bundle);
  absl::StatusOr<std::string> json = oci::WriteProcess(fakes::MakeProcess(ToRequest(process)));
  if (!json.ok()) scope_.EndAsError(base::Annotate(json.status(), "process of an exec"));
  return *std::move(json);
}

std::string BundleStore::ConfigJson(const Bundle& bundle, const ProcessSpec& process,
                                    const BundleOptions& options, bool rootfs_is_mounted) {
  if (!options.config_text.empty()) return options.config_text;
  const WorldInfo& world = scope_.world();
  fakes::GuestRequest request;
  request.process = ToRequest(process);
  if (!world.cgroup_parent.empty()) {
    request.cgroups_path = absl::StrCat(world.cgroup_parent, "/", bundle.id);
  }
  request.annotations = options.annotations;
  request.private_pid_namespace = options.private_pid_namespace;
  request.memory_limit_bytes = options.memory_limit_bytes;
  request.oom_score_adj = options.oom_score_adj;
  if (!rootfs_is_mounted) request.root_path = bundle.rootfs_source;
  // The same path inside and outside, so that a check can name a file to both.
  request.binds = {{.source = world.scratch, .destination = world.scratch}};
  if (!world.fixtures.empty()) {
    request.binds.push_back({.source = world.fixtures, .destination = "/bin", .readonly = true});
  }
  const bool own_root = HasOwnRoot(scope_.profile().guest);
  absl::StatusOr<std::string> json =
      oci::WriteSpec(own_root ? fakes::MakeGuestSpec(request) : fakes::MakeHostSpec(request));
  if (!json.ok()) scope_.EndAsError(base::Annotate(json.status(), "config.json"));
  return options.edit ? options.edit(*std::move(json)) : *std::move(json);
}

absl::Status BundleStore::MakeGuestDirectory(const std::string& path) const {
  RETURN_IF_ERROR(fakes::MakeDirectory(path, 0755));
  // Mount points of the spec, plus a place to write.
  for (const char* name : {"bin", "dev", "proc"}) {
    RETURN_IF_ERROR(fakes::MakeDirectory(absl::StrCat(path, "/", name), 0755));
  }
  return fakes::MakeDirectory(absl::StrCat(path, "/tmp"), 01777);
}

absl::Status BundleStore::MakeOnDisk(Entry& entry, const std::string& config_json, bool log_fifo) {
  const std::string& root = scope_.world().root;
  const Bundle& bundle = entry.bundle;
  RETURN_IF_ERROR(EnsureDirectory(absl::StrCat(root, "/", kGuests)));
  RETURN_IF_ERROR(EnsureDirectory(absl::StrCat(root, "/", kWork)));
  if (HasOwnRoot(scope_.profile().guest)) {
    RETURN_IF_ERROR(MakeGuestDirectory(bundle.rootfs_source));
  }
  RETURN_IF_ERROR(
      fakes::MakeBundle({.path = bundle.path,
                         .work_directory = absl::StrCat(root, "/", kWork, "/", bundle.id),
                         .config_json = config_json,
                         .log_fifo = log_fifo}));
  if (!log_fifo) return absl::OkStatus();
  ASSIGN_OR_RETURN(entry.log,
                   fakes::LogDrain::Open(scope_.loop(), absl::StrCat(bundle.path, "/log"),
                                         [this](const std::string& line) {
                                           if (!line.empty()) scope_.history().AddLogLine(line);
                                         }));
  return absl::OkStatus();
}

Bundle BundleStore::Make(const ProcessSpec& process, const BundleOptions& options,
                         bool rootfs_is_mounted) {
  RequireProgram(process.program);
  Entry entry;
  entry.terminal = process.terminal;
  entry.bundle.id = options.id.empty() ? FreshId("c") : options.id;
  entry.bundle.path = absl::StrCat(scope_.world().bundles, "/", entry.bundle.id);
  entry.bundle.rootfs_source =
      absl::StrCat(scope_.world().root, "/", kGuests, "/", entry.bundle.id);
  const std::string config_json =
      options.omit_config ? "" : ConfigJson(entry.bundle, process, options, rootfs_is_mounted);
  const absl::Status made = MakeOnDisk(entry, config_json, !options.without_log_fifo);
  if (!made.ok()) scope_.EndAsError(base::Annotate(made, "bundle"));
  PlaceModule(process.program, entry.bundle);
  entries_.push_back(std::move(entry));
  return entries_.back().bundle;
}

BundleStore::Entry* BundleStore::Find(const std::string& bundle_path) {
  for (Entry& entry : entries_) {
    if (entry.bundle.path == bundle_path) return &entry;
  }
  return nullptr;
}

bool BundleStore::WantsTerminal(const Bundle& bundle) const {
  return std::any_of(entries_.begin(), entries_.end(), [&bundle](const Entry& entry) {
    return entry.bundle.path == bundle.path && entry.terminal;
  });
}

void BundleStore::JoinPod(const Bundle& bundle, const std::string& sandbox_id) {
  const std::string path = absl::StrCat(bundle.path, "/config.json");
  std::ifstream file(path);
  nlohmann::json config = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) return;  // as the check wants it
  nlohmann::json& annotations =
      config.emplace("annotations", nlohmann::json::object()).first.value();
  if (!annotations.is_object() || annotations.contains(kCriContainerType)) return;
  annotations[kCriContainerType] = "container";
  annotations[kCriSandboxId] = sandbox_id;
  const absl::Status written = fakes::WriteTextFile(path, config.dump());
  if (!written.ok()) scope_.EndAsError(base::Annotate(written, "bundle of a pod"));
}

void BundleStore::MarkOffered(const std::string& bundle_path) {
  if (Entry* entry = Find(bundle_path)) entry->offered = true;
}

void BundleStore::CloseLog(const Bundle& bundle) {
  Entry* const entry = Find(bundle.path);
  if (entry == nullptr || !entry->log) return;
  entry->log->Drain();
  entry->log.reset();
  entry->full.reset();
}

void BundleStore::FillLog(const Bundle& bundle) {
  Entry* const entry = Find(bundle.path);
  if (entry == nullptr || !entry->log) return;
  entry->log->Drain();
  entry->log->Pause();
  absl::StatusOr<base::UniqueFd> fd =
      base::OpenFifoBothEnds(absl::StrCat(bundle.path, "/log"), /*nonblocking=*/true);
  if (!fd.ok()) scope_.EndAsError(base::Annotate(fd.status(), "log FIFO"));
  FillPipe(*fd);
  entry->full = *std::move(fd);
}

void BundleStore::ServeLogs() {
  for (const Entry& entry : entries_) {
    if (!entry.log) continue;
    entry.log->Resume();
    entry.log->Drain();
  }
}

void BundleStore::CloseLogs() {
  ServeLogs();
  for (Entry& entry : entries_) {
    entry.log.reset();
    entry.full.reset();
  }
}

}  // namespace conformance
