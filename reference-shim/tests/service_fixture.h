// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/child_reaper.h"
#include "events/task.pb.h"
#include "reference-shim/shim/event_queue.h"
#include "reference-shim/shim/rootfs.h"
#include "reference-shim/shim/task_service.h"
#include "reference-shim/tests/fake_backend.h"
#include "task/v3/task.ttrpc.h"
#include "ttrpc/client.h"
#include "ttrpc/router.h"
#include "ttrpc/server.h"
#include "ttrpc/testing/loop_test.h"

namespace shim::testing {

namespace v3 = containerd::task::v3;
using google::protobuf::Empty;

// Mounts nothing; says what it was asked; fails or waits as told.
class FakeRootfs final : public Rootfs {
 public:
  explicit FakeRootfs(boost::asio::io_context& loop) : loop_(loop) {}
  void Mount(const std::string& bundle, const std::vector<container::Mount>& mounts,
             Done<> done) override;
  void Unmount(const std::string& bundle, Done<> done) override;

  absl::Status mount_result;
  absl::Status unmount_result;
  std::vector<std::string> calls;

 private:
  boost::asio::io_context& loop_;
};

// An event as the world would see it, in one line: "exit c1 e1 status=3".
struct SeenEvent {
  std::string topic;
  std::string text;
};

// A TaskService behind a real ttrpc server on a unix socket, with a scripted backend, called by a
// typed client. Everything runs in one loop.
class ServiceTest : public ttrpc::testing::LoopTest {
 protected:
  template <typename Response>
  using Result = absl::StatusOr<Response>;
  // Points to what the reply will be; empty until it has come.
  template <typename Response>
  using Pending = std::shared_ptr<std::optional<absl::StatusOr<Response>>>;  // test and callback

  ServiceTest();
  ~ServiceTest() override;

  // A call that runs on while the test does something else.
  template <typename Request, typename Response>
  Pending<Response> Begin(
      void (v3::TaskClient::*method)(const Request&, const ttrpc::CallOptions&,
                                     std::function<void(absl::StatusOr<Response>)>),
      const Request& request) {
    auto pending = std::make_shared<std::optional<absl::StatusOr<Response>>>();
    ((*task_).*method)(request, {}, [pending](absl::StatusOr<Response> r) { *pending = r; });
    return pending;
  }
  template <typename Response>
  Result<Response> Await(const Pending<Response>& pending) {
    RunUntil([&] { return pending->has_value(); });
    return pending->value_or(absl::DeadlineExceededError("no reply"));
  }
  template <typename Request, typename Response>
  Result<Response> Call(
      void (v3::TaskClient::*method)(const Request&, const ttrpc::CallOptions&,
                                     std::function<void(absl::StatusOr<Response>)>),
      const Request& request) {
    return Await(Begin(method, request));
  }

  // The calls in short. Code names what came back: OK or the canonical code.
  v3::CreateTaskRequest CreateRequest(const std::string& id);
  absl::StatusCode Create(const std::string& id);
  absl::StatusCode Start(const std::string& id, const std::string& exec_id = "");
  absl::StatusCode Exec(const std::string& id, const std::string& exec_id);
  absl::StatusCode Kill(const std::string& id, const std::string& exec_id = "", int signo = 15);
  absl::StatusCode Delete(const std::string& id, const std::string& exec_id = "");
  absl::StatusCode Pause(const std::string& id);
  absl::StatusCode Resume(const std::string& id);
  absl::StatusCode Update(const std::string& id);
  absl::StatusCode Checkpoint(const std::string& id);
  absl::StatusCode Shutdown();
  Pending<v3::WaitResponse> BeginWait(const std::string& id, const std::string& exec_id = "");
  Result<v3::StateResponse> State(const std::string& id, const std::string& exec_id = "");
  // "created", "running", ... or the code.
  std::string StatusOf(const std::string& id, const std::string& exec_id = "");
  // Creates and starts.
  void Run(const std::string& id);
  void RunExec(const std::string& id, const std::string& exec_id);
  // A bundle with a config.json; its path.
  std::string Bundle(const std::string& id, bool private_pid_namespace = true);

  void Connect();
  void Disconnect() { client_.reset(); }

  [[nodiscard]] std::vector<std::string> Events() const;

  std::unique_ptr<base::ChildReaper> reaper_;
  FakeBackend backend_{loop_};
  FakeRootfs rootfs_{loop_};
  std::vector<SeenEvent> events_seen_;
  EventQueue events_;
  TaskContext context_;
  std::unique_ptr<TaskService> service_;
  ttrpc::Router router_;
  std::unique_ptr<ttrpc::Server> server_;
  std::unique_ptr<ttrpc::Client> client_;
  std::optional<v3::TaskClient> task_;
  int shutdowns_ = 0;
};

}  // namespace shim::testing
