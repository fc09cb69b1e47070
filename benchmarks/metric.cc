// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/metric.h"

namespace benchmarks {
namespace {

Metric Time(const char* name, const char* about, double quantile = 0.5) {
  return {.name = name, .unit = "ms", .about = about, .quantile = quantile};
}

Metric Memory(const char* name, const char* unit, const char* about) {
  return {.name = name, .unit = unit, .kind = MetricKind::kMemory, .about = about};
}

Metric Proxy(const char* name, const char* unit, const char* about) {
  return {.name = name, .unit = unit, .kind = MetricKind::kProxy, .about = about};
}

Metric Throughput(const char* name, const char* about) {
  return {.name = name,
          .unit = "1/s",
          .kind = MetricKind::kThroughput,
          .lower_is_better = false,
          .about = about};
}

std::vector<Metric> MakeTable() {
  return {
      Time("boot", "exec of `start` to its address"),
      Time("boot-answered", "exec of `start` to the first answered call"),
      Time("create", "Create to its reply"),
      Time("start", "Start to its reply"),
      Time("exec", "Exec and Start of a process in a running task"),
      Time("state-p50", "State to its reply, median"),
      Time("state-p99", "State to its reply, the slowest of a hundred", 0.99),
      Time("kill-wait", "Kill(SIGKILL) to the reply of Wait"),
      Time("exit-event", "end of a process to its exit event"),
      Time("delete", "Delete to its reply"),
      Time("shutdown", "Shutdown to the end of the daemon"),
      Time("delete-binary", "the `delete` command after the daemon was killed"),
      Time("cpu", "CPU time of the daemon per life cycle of a task"),
      Throughput("tasks-1", "life cycles of tasks per second, one at a time"),
      Throughput("tasks-8", "life cycles of tasks per second, 8 at a time"),
      Throughput("tasks-64", "life cycles of tasks per second, 64 at a time"),
      Throughput("execs-1", "execs per second, one at a time"),
      Throughput("execs-8", "execs per second, 8 at a time"),
      Throughput("execs-64", "execs per second, 64 at a time"),
      Memory("pss-idle", "KiB", "Pss of a daemon without a task"),
      Memory("uss-idle", "KiB", "private memory of a daemon without a task"),
      Memory("dirty-idle", "KiB", "private dirty memory of a daemon without a task"),
      Memory("fds-idle", "", "open descriptors of a daemon without a task"),
      Memory("threads-idle", "", "threads of a daemon without a task"),
      Memory("pss-task", "KiB", "Pss of a daemon with one running task"),
      Memory("uss-task", "KiB", "private memory of a daemon with one running task"),
      Memory("dirty-task", "KiB", "private dirty memory of a daemon with one running task"),
      Memory("fds-task", "", "open descriptors of a daemon with one running task"),
      Memory("threads-task", "", "threads of a daemon with one running task"),
      Memory("growth", "KiB/1000", "growth of private memory over a thousand life cycles"),
      Proxy("instructions", "", "user-space instructions of the daemon per life cycle"),
      Proxy("syscalls", "", "system calls of the daemon per life cycle"),
      Proxy("forks", "", "processes made per life cycle"),
      Proxy("execs", "", "programs executed per life cycle"),
      Proxy("boot-syscalls", "", "system calls from exec of `start` to the first answered call"),
      Proxy("boot-forks", "", "processes made by then"),
      Proxy("context-switches", "", "voluntary context switches of the daemon per life cycle"),
      Proxy("bytes", "B", "bytes on the task and event sockets per life cycle"),
      Proxy("frames", "", "frames on the task and event sockets per life cycle"),
      Proxy("binary-size", "KiB", "size of the executable file"),
  };
}

}  // namespace

const std::vector<Metric>& AllMetrics() {
  static const std::vector<Metric> table = MakeTable();
  return table;
}

const Metric* FindMetric(absl::string_view name) {
  for (const Metric& metric : AllMetrics()) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

absl::string_view MetricKindName(MetricKind kind) {
  switch (kind) {
    case MetricKind::kTime:
      return "time";
    case MetricKind::kMemory:
      return "memory";
    case MetricKind::kProxy:
      return "proxy";
    case MetricKind::kThroughput:
      return "throughput";
  }
  return "unknown";
}

}  // namespace benchmarks
