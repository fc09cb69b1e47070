// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wasm/bench.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/wasm/shapes.h"

namespace benchmarks::wasm {
namespace {

constexpr char kShim[] = "containerd-shim-reference-v1";
constexpr char kCompiler[] = "shimgauge-wasm-compile";
constexpr char kStage[] = "shimgauge-stage";
// Longer than a file's time stamps take to settle, so that a shim remembers the modules' digests.
constexpr std::chrono::milliseconds kSettling{3100};

const char* VariantOf(StageKind stage) {
  return stage == StageKind::kWatched ? "watched" : "native";
}

}  // namespace

Bench::Bench(Settings settings, tasks::Place place)
    : settings_(std::move(settings)), place_(std::move(place)), random_(settings_.seed) {}

absl::Status Bench::Enter() {
  RETURN_IF_ERROR(tasks::EnterPlace(place_));
  RETURN_IF_ERROR(WriteModules(place_.fixtures, place_.rootfs()));
  RETURN_IF_ERROR(MakeVariant("watched", "wasm_watched_stage"));
  RETURN_IF_ERROR(MakeVariant("native", "wasm_native_stage"));
  ASSIGN_OR_RETURN(mounts_, container::CgroupMounts::Read());
  tasks::Rest(kSettling);
  return absl::OkStatus();
}

// A shim looks for its helpers beside itself, where its own file lies.
absl::Status Bench::MakeVariant(const std::string& name, const std::string& stage) {
  const std::filesystem::path directory = absl::StrCat(place_.directory, "/", name);
  const std::filesystem::path bin = settings_.bin;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) std::filesystem::copy_file(bin / kShim, directory / kShim, error);
  if (!error) std::filesystem::create_symlink(bin / kCompiler, directory / kCompiler, error);
  if (!error) std::filesystem::create_symlink(bin / stage, directory / kStage, error);
  if (error) return base::ErrnoStatus(error.value(), directory.string());
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<tasks::ShimSession>> Bench::StartShim(StageKind stage,
                                                                     const std::string& cache) {
  const std::string directory = stage == StageKind::kReal
                                    ? settings_.bin
                                    : absl::StrCat(place_.directory, "/", VariantOf(stage));
  return tasks::ShimSession::Start(
      loop_, place_,
      {.shim = absl::StrCat(directory, "/", kShim),
       .id = FreshId(),
       .env = {{"SHIMGAUGE_WASM_CACHE", absl::StrCat(place_.directory, "/", cache)}},
       .events = place_.directory + "/events"});
}

absl::StatusOr<std::unique_ptr<tasks::ShimSession>> Bench::StartPeer(const Peer& peer) {
  // In case it is another build of the same shim.
  const std::string cache = absl::StrCat(place_.directory, "/cache-", peer.name);
  return tasks::ShimSession::Start(loop_, place_,
                                   {.shim = peer.path,
                                    .id = FreshId(),
                                    .env = {{"SHIMGAUGE_WASM_CACHE", cache}},
                                    .events = place_.directory + "/events"});
}

std::unique_ptr<FloorLife> Bench::NewFloor(bool mounts) {
  return std::make_unique<FloorLife>(
      place_, mounts_,
      FloorLife::Order{
          .program = settings_.bin + "/wasm_floor", .id = FreshId(), .mounts = mounts});
}

absl::StatusOr<std::unique_ptr<tasks::TaskLife>> Bench::NewTask(tasks::ShimSession& session,
                                                                std::vector<std::string> args,
                                                                bool mounts_root) {
  auto task = std::make_unique<tasks::TaskLife>(
      session,
      tasks::TaskLife::Order{.id = FreshId(), .args = std::move(args), .mounts_root = mounts_root});
  RETURN_IF_ERROR(task->Prepare());
  return task;
}

std::vector<std::string> HelloArgs() {
  std::vector<std::string> args = HelloShape().args;
  args.insert(args.begin(), "/" + HelloShape().file);
  return args;
}

absl::StatusOr<Memory> MemoryOf(pid_t pid) {
  const std::string path = absl::StrCat("/proc/", pid, "/smaps_rollup");
  std::ifstream file(path);
  Memory memory;
  bool found = false;
  for (std::string word; file >> word;) {
    if (word == "Pss:") found = static_cast<bool>(file >> memory.pss);
    if (word == "Private_Dirty:") file >> memory.private_dirty;
  }
  if (!found) return absl::NotFoundError(absl::StrCat(path, ": expected a line Pss:"));
  return memory;
}

}  // namespace benchmarks::wasm
