// SPDX-License-Identifier: Apache-2.0
// shimgauge-module-fuzz: modules that are nearly right, through whole lives of tasks (README.md).
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <system_error>

#include "base/status_macros.h"
#include "container/cgroup.h"
#include "fakes/module_fuzz/fuzz_report.h"
#include "fakes/module_fuzz/fuzzed_shim.h"
#include "fakes/module_fuzz/limits.h"
#include "fakes/module_fuzz/private_world.h"

namespace fakes {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kGood = 0;
constexpr int kFound = 1;    // a module that did harm
constexpr int kTrouble = 2;  // nothing was learned
constexpr int kSkipped = 77;

struct FuzzOptions {
  std::string shim;
  std::string seeds;
  std::string keep = ".";
  std::vector<std::string> files;
  std::uint64_t seed = 1;
  std::uint64_t first = 0;
  int seconds = 10;
};

absl::StatusOr<ModuleSeed> ReadSeed(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file.good()) return absl::NotFoundError(absl::StrCat("cannot read ", path.string()));
  return ModuleSeed{
      .name = path.filename().string(), .bytes = bytes.str(), .text = path.extension() == ".wat"};
}

absl::StatusOr<std::vector<ModuleSeed>> ReadSeeds(const std::string& directory) {
  std::vector<ModuleSeed> seeds;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string kind = entry.path().extension().string();
    if (kind != ".wasm" && kind != ".wat") continue;
    if (entry.file_size() == 0 || entry.file_size() > kSeedBytesMax) continue;
    ASSIGN_OR_RETURN(seeds.emplace_back(), ReadSeed(entry.path()));
  }
  if (!seeds.empty()) return seeds;
  return absl::NotFoundError(absl::StrCat("--seeds ", directory,
                                          ": there is no file *.wasm or *.wat of up to ",
                                          kSeedBytesMax >> 20, " MiB"));
}

class Fuzz {
 public:
  Fuzz(const FuzzOptions& options, FuzzPlace place) : options_(options), shim_(std::move(place)) {}

  absl::StatusOr<int> Run() {
    ASSIGN_OR_RETURN(const std::vector<Mutant> given, ReadFiles());
    std::optional<ModuleMutator> mutator;
    if (given.empty()) {
      ASSIGN_OR_RETURN(std::vector<ModuleSeed> seeds, ReadSeeds(options_.seeds));
      mutator.emplace(std::move(seeds));
    }
    RETURN_IF_ERROR(shim_.Start());
    ASSIGN_OR_RETURN(const ShimSize size, shim_.Size());
    FuzzReport report(size);
    const Clock::time_point end = Clock::now() + std::chrono::seconds(options_.seconds);
    int code = kGood;
    for (std::uint64_t number = options_.first; code != kTrouble; ++number) {
      if (mutator ? Clock::now() >= end : number >= given.size()) break;
      const Mutant module = mutator ? mutator->Make(options_.seed, number) : given[number];
      const absl::Status tried = Try(module, number, report);
      if (tried.ok()) continue;
      Keep(module, number, tried);
      code = kFound;
      if (!absl::IsDataLoss(tried)) break;
    }
    if (code == kGood) {
      const absl::Status left = Look(report);
      if (!left.ok()) std::cout << "at the end: " << left.message() << "\n";
      if (!left.ok()) code = kFound;
    }
    std::cout << "seed " << options_.seed << ", " << shim_.exits_told() << " exits told\n"
              << report.Text();
    return code;
  }

 private:
  absl::StatusOr<std::vector<Mutant>> ReadFiles() const {
    std::vector<Mutant> given;
    for (const std::string& path : options_.files) {
      ASSIGN_OR_RETURN(ModuleSeed one, ReadSeed(path));
      given.push_back({.bytes = std::move(one.bytes), .text = one.text, .recipe = path});
    }
    return given;
  }

  // DATA_LOSS where one guest's process alone is broken, and nothing else.
  absl::Status Try(const Mutant& module, std::uint64_t number, FuzzReport& report) {
    ASSIGN_OR_RETURN(const TaskEnd end, shim_.RunTask(module));
    report.Add(number, end);
    if (!options_.files.empty()) {
      std::cout << module.recipe << ": "
                << (end.refused_by.empty()
                        ? absl::StrCat("exit status ", end.exit_status,
                                       end.killed ? ", killed" : "")
                        : absl::StrCat(end.refused_by, ": ", end.refusal.ToString()))
                << "\n";
    }
    if (HasCrashed(end)) {
      return absl::DataLossError(absl::StrCat("the guest's process ended with ", end.exit_status));
    }
    return (number + 1) % kTasksPerLook == 0 ? Look(report) : absl::OkStatus();
  }

  absl::Status Look(FuzzReport& report) {
    RETURN_IF_ERROR(shim_.CheckLeftovers());
    ASSIGN_OR_RETURN(const ShimSize size, shim_.Size());
    return report.AddSize(size);
  }

  void Keep(const Mutant& module, std::uint64_t number, const absl::Status& why) const {
    const std::string path = absl::StrCat(options_.keep, "/module-", options_.seed, "-", number,
                                          module.text ? ".wat" : ".wasm");
    std::ofstream(path, std::ios::binary) << module.bytes;
    std::cout << "module " << number << " (" << module.recipe << "): " << why.message()
              << "\n  kept; to see it again: --file " << path << "\n"
              << std::flush;
  }

  const FuzzOptions& options_;
  FuzzedShim shim_;
};

int RunInside(const FuzzOptions& options, const FuzzPlace& place) {
  const absl::StatusOr<int> code = Fuzz(options, place).Run();
  if (code.ok()) return *code;
  std::cerr << "shimgauge-module-fuzz: " << code.status().message() << "\n";
  return kTrouble;
}

absl::StatusOr<int> Run(const FuzzOptions& options) {
  // Of the host's file system: what is compiled there may be much.
  std::string directory = "/var/tmp/module-fuzz-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) return base::ErrnoStatus(errno, "make " + directory);
  const FuzzPlace place{.shim = fs::absolute(options.shim).string(),
                        .directory = directory,
                        .cgroup_parent = absl::StrCat("/module-fuzz-", ::getpid())};
  ASSIGN_OR_RETURN(const container::CgroupMounts cgroups, container::CgroupMounts::Read());
  const absl::StatusOr<int> code = RunInPrivateWorld([&] { return RunInside(options, place); });
  if (const auto parent = cgroups.Resolve(place.cgroup_parent); parent.ok()) {
    const absl::Status removed = container::Remove(*parent);
    if (!removed.ok()) std::cerr << "shimgauge-module-fuzz: " << removed.message() << "\n";
  }
  std::error_code error;
  fs::remove_all(directory, error);
  return code;
}

int Main(int argc, char** argv) {
  FuzzOptions options;
  CLI::App app("Feeds modules that are nearly right to a shim, one task after the other.",
               "shimgauge-module-fuzz");
  app.add_option("--shim", options.shim, "the shim's program")
      ->required()
      ->check(CLI::ExistingFile);
  auto* seeds = app.add_option("--seeds", options.seeds, "directory of *.wasm and *.wat");
  app.add_option("--file", options.files, "these modules, once each, instead of changed ones")
      ->check(CLI::ExistingFile);
  app.add_option("--seconds", options.seconds, "how long")->check(CLI::Range(1, 1'000'000));
  app.add_option("--seed", options.seed, "which modules");
  app.add_option("--first", options.first, "number of the first module");
  app.add_option("--keep", options.keep, "where modules that did harm are kept")
      ->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  if (seeds->empty() && options.files.empty()) {
    std::cerr << "shimgauge-module-fuzz: --seeds DIRECTORY or --file FILE is needed\n";
    return kTrouble;
  }
  if (::geteuid() != 0) {
    std::cout << "skipped: needs root\n";
    return kSkipped;
  }
  const absl::StatusOr<int> code = Run(options);
  if (code.ok()) return *code;
  std::cerr << "shimgauge-module-fuzz: " << code.status().message() << "\n";
  return kTrouble;
}

}  // namespace
}  // namespace fakes

int main(int argc, char** argv) { return fakes::Main(argc, argv); }
