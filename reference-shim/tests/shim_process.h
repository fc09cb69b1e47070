// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/subreaper.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "containerd/bootstrap.h"
#include "google/protobuf/empty.pb.h"
#include "task/v2/task.ttrpc.h"
#include "task/v3/task.ttrpc.h"
#include "ttrpc/client.h"
#include "ttrpc/testing/loop_test.h"

namespace shim::testing {

namespace v3 = containerd::task::v3;

// Runs a shim as containerd does: this very executable under a shim's name (tests/main.cc), with a
// backend that makes no containers. Daemons are adopted by the test, so that each of them can be
// waited for; the leak guard proves that none is left.
class ShimProcessTest : public ttrpc::testing::LoopTest {
 protected:
  static constexpr char kProgram[] = "containerd-shim-scripted-v1";

  ShimProcessTest();

  // A bundle as containerd makes it, `log` with a reader held open (HARN-02).
  std::string Bundle(const std::string& id, const std::string& annotations_json = "{}");
  base::SpawnSpec Command(const std::vector<std::string>& args, const std::string& directory);
  std::vector<std::string> Flags(const std::string& id, const std::string& action);
  // stdin of `start` from containerd 2.3 on; keeps sockets in the test's own directory.
  std::string Params(const std::string& id, const containerd::runc::v1::Options* options = nullptr);

  // `start` in the bundle of `id`.
  base::testing::RunResult Start(const std::string& id);
  // The address a successful start has printed, as a path.
  std::string StartOk(const std::string& id);
  base::testing::RunResult Delete(const std::string& id);

  void Connect(const std::string& socket_path);
  template <typename Response, typename Client, typename Request>
  absl::StatusOr<Response> Call(
      Client& client,
      void (Client::*method)(const Request&, const ttrpc::CallOptions&,
                             std::function<void(absl::StatusOr<Response>)>),
      const Request& request) {
    std::optional<absl::StatusOr<Response>> result;
    (client.*method)(request, {}, [&](absl::StatusOr<Response> r) { result = std::move(r); });
    RunUntil([&] { return result.has_value(); });
    return result.value_or(absl::DeadlineExceededError("no reply"));
  }
  // Of the shim at `socket_path`.
  pid_t ShimPid(const std::string& socket_path);
  // Shuts the shim down and checks how it ends.
  void ShutDown(const std::string& socket_path);
  // Waits for a daemon's end, as its exit code or 128 + signal.
  unsigned Reap(pid_t pid);
  // The same for a daemon whose pid nobody was told.
  unsigned ReapAny();

  [[nodiscard]] std::vector<std::string> Sockets() const;
  std::string ReadLog(const std::string& id);

  std::string socket_dir_ = temp_.File("s");
  std::map<std::string, base::UniqueFd> logs_;
  std::unique_ptr<ttrpc::Client> client_;
  std::optional<v3::TaskClient> task_;  // of client_
};

}  // namespace shim::testing
