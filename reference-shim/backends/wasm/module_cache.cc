// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/module_cache.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <ctime>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "base/status_macros.h"
#include "reference-shim/backends/wasm/artefact_job.h"
#include "reference-shim/backends/wasm/cache_directory.h"
#include "reference-shim/backends/wasm/cache_record.h"
#include "reference-shim/backends/wasm/cpu_features.h"
#include "reference-shim/backends/wasm/file_hash.h"
#include "reference-shim/stage/wasm_config.h"

namespace backends {
namespace {

// A change that comes right after another may leave the time stamps as they are.
bool IsSettled(const struct stat& info) {
  return ::time(nullptr) - info.st_ctim.tv_sec >= kSettledAfter.count();
}

absl::StatusOr<struct stat> CheckModule(int fd) {
  struct stat info = {};
  if (::fstat(fd, &info) != 0) return base::ErrnoStatus(errno, "the module");
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError("the module is no regular file");
  }
  if (static_cast<std::uint64_t>(info.st_size) > kModuleBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the module has ", info.st_size, " bytes, more than ", kModuleBytesMax));
  }
  return info;
}

absl::StatusOr<ModuleArtefact> Copy(const absl::StatusOr<ArtefactJob::Result>& result,
                                    const std::string& key) {
  if (!result.ok()) return result.status();
  base::UniqueFd code(::fcntl(result->code.get(), F_DUPFD_CLOEXEC, 0));
  if (!code.ok()) return base::ErrnoStatus(errno, "dup");
  return ModuleArtefact{.code = std::move(code), .key = key, .compiled = result->compiled};
}

}  // namespace

class ModuleCache::Impl {
 public:
  Impl(const shim::BackendContext& context, ModuleCacheOptions options)
      : context_(context), options_(std::move(options)) {}

  void Get(base::UniqueFd module, absl::string_view config, shim::Done<ModuleArtefact> done) {
    absl::StatusOr<struct stat> info = Prepare(module.get(), config);
    if (!info.ok()) return done(info.status());
    const FileIdentity identity = IdentityOf(*info);
    const bool memorable = IsMemorable(module.get());
    Want want{.module = std::move(module), .config = std::string(config), .done = std::move(done)};
    if (memorable) {
      const std::optional<std::string> digest = directory_->RememberedDigest(identity);
      if (digest.has_value()) return Fetch(std::move(want), *digest);
    }
    Digest(std::move(want), identity, memorable);
  }

  void Forget(const std::string& key) {
    if (directory_.has_value()) directory_->Forget(key);
  }

 private:
  struct Want {
    base::UniqueFd module;
    std::string config;
    shim::Done<ModuleArtefact> done;
    std::unique_ptr<FileHash> hash;
  };
  struct Job {
    std::unique_ptr<ArtefactJob> job;
    std::vector<shim::Done<ModuleArtefact>> waiting;
  };

  absl::StatusOr<struct stat> Prepare(int module, absl::string_view config) {
    RETURN_IF_ERROR(stage::FindWasmConfig(config).status());
    ASSIGN_OR_RETURN(struct stat info, CheckModule(module));
    if (!directory_.has_value()) {
      ASSIGN_OR_RETURN(CacheDirectory directory, OpenDirectory());
      directory_ = std::move(directory);
      cpu_ = CpuFeatures();
    }
    return info;
  }

  // Whether the identity of this file stands for its content, even after it was closed.
  [[nodiscard]] bool IsMemorable(int module) const {
    struct statfs place = {};
    return ::fstatfs(module, &place) == 0 && options_.has_kernel_ctime(place.f_type);
  }

  absl::StatusOr<CacheDirectory> OpenDirectory() {
    absl::StatusOr<CacheDirectory> directory = CacheDirectory::Open(options_.directory);
    if (directory.ok() || absl::IsFailedPrecondition(directory.status()) ||
        absl::IsInvalidArgument(directory.status()) || options_.volatile_directory.empty()) {
      return directory;
    }
    context_.log.Warning(directory.status().message(),
                         "; until the next boot, the module cache is ",
                         options_.volatile_directory);
    return CacheDirectory::Open(options_.volatile_directory);
  }

  void Digest(Want want, const FileIdentity& identity, bool memorable) {
    const std::uint64_t id = next_++;
    Want& held = wants_[id] = std::move(want);
    held.hash = std::make_unique<FileHash>(context_.loop, held.module.get());
    held.hash->Start([this, id, identity, memorable](absl::StatusOr<std::string> digest) {
      auto node = wants_.extract(id);
      Want& hashed = node.mapped();
      if (!digest.ok()) {
        return hashed.done(base::Annotate(digest.status(), "reading the module"));
      }
      struct stat after = {};
      if (memorable && ::fstat(hashed.module.get(), &after) == 0 && IdentityOf(after) == identity &&
          IsSettled(after)) {
        directory_->RememberDigest(identity, *digest);
      }
      Fetch(std::move(hashed), *digest);
    });
  }

  [[nodiscard]] std::string KeyOf(const Want& want, const std::string& digest) const {
    return base::Sha256Hex(absl::StrCat("shimgauge wasm code 1\nmodule ", digest, "\nengine ",
                                        stage::WasmEngineName(), " ", stage::WasmEngineVersion(),
                                        " ", stage::WasmEngineFeatures(), "\nconfig ", want.config,
                                        "\ncpu ", cpu_, "\n"));
  }

  void Fetch(Want want, const std::string& digest) {
    const std::string key = KeyOf(want, digest);
    const auto [at, fresh] = jobs_.try_emplace(key);
    at->second.waiting.push_back(std::move(want.done));
    if (!fresh) return;
    auto job = std::make_unique<ArtefactJob>(context_, *directory_, slots_,
                                             ArtefactJob::Order{.key = key,
                                                                .digest = digest,
                                                                .config = want.config,
                                                                .compiler = options_.compiler,
                                                                .bytes_max = options_.bytes_max,
                                                                .module = std::move(want.module)});
    ArtefactJob& started = *(at->second.job = std::move(job));
    started.Start([this, key](absl::StatusOr<ArtefactJob::Result> result) {
      // Those who wait may destroy the cache; nothing of it is touched from the first of them on.
      auto node = jobs_.extract(key);
      node.mapped().job.reset();
      for (auto& done : node.mapped().waiting) done(Copy(result, key));
    });
  }

  const shim::BackendContext& context_;
  ModuleCacheOptions options_;
  std::optional<CacheDirectory> directory_;
  std::string cpu_;
  CompilerSlots slots_{kCompilersMax};
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Want> wants_;
  std::map<std::string, Job> jobs_;
};

ModuleCache::ModuleCache(const shim::BackendContext& context, ModuleCacheOptions options)
    : impl_(std::make_unique<Impl>(context, std::move(options))) {}

ModuleCache::~ModuleCache() = default;

void ModuleCache::Get(base::UniqueFd module, absl::string_view config,
                      shim::Done<ModuleArtefact> done) {
  impl_->Get(std::move(module), config, std::move(done));
}

void ModuleCache::Forget(const std::string& key) { impl_->Forget(key); }

}  // namespace backends
