// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "benchmarks/tasks/sample_table.h"
#include "benchmarks/tasks/shim_session.h"
#include "benchmarks/tasks/task_life.h"
#include "benchmarks/wasm/floor_life.h"
#include "benchmarks/wasm/settings.h"
#include "container/cgroup.h"

namespace benchmarks::wasm {

// Which program stands in the stage's place beside the shim.
enum class StageKind { kReal, kWatched, kNative };

// What all figures of a run share.
class Bench {
 public:
  Bench(Settings settings, tasks::Place place);

  // Makes the places; everything after happens in them.
  absl::Status Enter();

  [[nodiscard]] std::string FreshId() { return "b" + std::to_string(++serial_); }
  // With the code of modules kept in `cache` (a name, below the place).
  absl::StatusOr<std::unique_ptr<tasks::ShimSession>> StartShim(StageKind stage,
                                                                const std::string& cache);
  absl::StatusOr<std::unique_ptr<tasks::ShimSession>> StartPeer(const Peer& peer);
  // A floor container that is prepared.
  [[nodiscard]] std::unique_ptr<FloorLife> NewFloor(bool mounts);
  // A container of `session`, prepared.
  absl::StatusOr<std::unique_ptr<tasks::TaskLife>> NewTask(tasks::ShimSession& session,
                                                           std::vector<std::string> args,
                                                           bool mounts_root = false);

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const tasks::Place& place() const { return place_; }
  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  [[nodiscard]] std::mt19937_64& random() { return random_; }
  [[nodiscard]] tasks::SampleTable NewTable(const std::string& unit, int decimals) const {
    return {unit, decimals, settings_.seed};
  }

 private:
  absl::Status MakeVariant(const std::string& name, const std::string& stage);

  const Settings settings_;
  const tasks::Place place_;
  boost::asio::io_context loop_;
  container::CgroupMounts mounts_;
  std::mt19937_64 random_;
  int serial_ = 0;
};

// "/hello.wasm", "hello".
std::vector<std::string> HelloArgs();

// Pss and private dirty memory of a process, in KiB.
struct Memory {
  double pss = 0;
  double private_dirty = 0;
};
absl::StatusOr<Memory> MemoryOf(pid_t pid);

// The figures, by their names of --figures; each prints its tables.
absl::Status MeasureLife(Bench& bench);
absl::Status MeasureShapes(Bench& bench);
absl::Status MeasurePhases(Bench& bench);
absl::Status MeasureParallel(Bench& bench);
absl::Status MeasureMemory(Bench& bench);
absl::Status MeasureContainerd(Bench& bench);

}  // namespace benchmarks::wasm
