// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "fakes/engine/engine_log.h"
#include "fakes/fault/fault_call.h"

namespace fakes {

// What is planned for this command, and its effects on the engine. Rules are looked for in --root
// and, since shims put their namespace there, in its parent.
class EngineFaults {
 public:
  static absl::StatusOr<EngineFaults> Begin(const std::string& root, const std::string& verb,
                                            const std::string& id, const EngineLog& log);

  // Lets everything happen that is planned for `point`, in the order of the table in fault.cc but
  // with those that end the process last: of these it does not return.
  void At(FaultPoint point);

  // Whether the command shall claim success, or print garbage, instead of doing its work.
  bool SkipsWork();

  // Writes the pid file, unless a fault has other plans. `path` empty: nobody wants one.
  absl::Status WritePidFile(const std::string& path, int pid);

 private:
  EngineFaults(FaultCall call, std::string root, std::string id, const EngineLog& log)
      : call_(std::move(call)), root_(std::move(root)), id_(std::move(id)), log_(log) {}
  void Disturb(FaultPoint point);

  FaultCall call_;
  std::string root_;
  std::string id_;
  EngineLog log_;
};

}  // namespace fakes
