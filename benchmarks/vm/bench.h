// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "benchmarks/tasks/sample_table.h"
#include "benchmarks/tasks/shim_session.h"
#include "benchmarks/tasks/task_life.h"
#include "benchmarks/vm/bare_machine.h"
#include "benchmarks/vm/settings.h"

namespace benchmarks::vm {

inline constexpr char kFloor[] = "floor";
inline constexpr char kReference[] = "reference";

// A shim, and what makes it put a container into a VM of the stand-in.
struct VmShim {
  std::string name;
  std::string path;
  tasks::RuntimeOptions options;
};

// What all figures of a run share.
class Bench {
 public:
  Bench(Settings settings, tasks::Place place);

  // Makes the places; everything after happens in them.
  absl::Status Enter();

  [[nodiscard]] std::string FreshId() { return "b" + std::to_string(++serial_); }
  // The reference shim first, then the peers.
  [[nodiscard]] const std::vector<VmShim>& shims() const { return shims_; }
  absl::StatusOr<std::unique_ptr<tasks::ShimSession>> StartShim(const VmShim& shim);
  // A container of `session`, prepared. Without options it is none in a VM.
  absl::StatusOr<std::unique_ptr<tasks::TaskLife>> NewTask(tasks::ShimSession& session,
                                                           const tasks::RuntimeOptions& options,
                                                           std::vector<std::string> args);
  // One that runs.
  absl::StatusOr<std::unique_ptr<tasks::TaskLife>> RunTask(tasks::ShimSession& session,
                                                           const tasks::RuntimeOptions& options,
                                                           std::vector<std::string> args);
  // Kills one that runs, and deletes it.
  absl::Status EndTask(tasks::TaskLife& task);
  [[nodiscard]] std::unique_ptr<BareMachine> NewMachine();

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const tasks::Place& place() const { return place_; }
  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  [[nodiscard]] std::mt19937_64& random() { return random_; }
  [[nodiscard]] tasks::SampleTable NewTable(const std::string& unit, int decimals) const {
    return {unit, decimals, settings_.seed};
  }

 private:
  const Settings settings_;
  const tasks::Place place_;
  boost::asio::io_context loop_;
  std::mt19937_64 random_;
  std::vector<VmShim> shims_;
  int serial_ = 0;
};

// The figures, by their names of --figures; each prints its tables.
absl::Status MeasureLife(Bench& bench);
absl::Status MeasureCalls(Bench& bench);
absl::Status MeasureMemory(Bench& bench);

}  // namespace benchmarks::vm
