// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <string>

namespace benchmarks {

// A containerd that takes events at once and forgets them, in a process of its own, so that what it
// does is nobody's time but its own: some shims end when there is none. Ends with this object.
class SinkProcess {
 public:
  SinkProcess() = default;
  ~SinkProcess();
  SinkProcess(const SinkProcess&) = delete;
  SinkProcess& operator=(const SinkProcess&) = delete;

  // Listens at `path` when this returns. Call once.
  absl::Status Start(const std::string& path);
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

}  // namespace benchmarks
