// SPDX-License-Identifier: Apache-2.0
// A State call from received bytes to bytes to be sent, through everything in between.
#include <benchmark/benchmark.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "base/child_reaper.h"
#include "base/log.h"
#include "reference-shim/shim/event_queue.h"
#include "reference-shim/shim/rootfs.h"
#include "reference-shim/shim/task_context.h"
#include "reference-shim/shim/task_service.h"
#include "reference-shim/tests/fake_backend.h"
#include "task/v3/task.ttrpc.h"
#include "ttrpc/router.h"
#include "ttrpc/server_session.h"

namespace {

namespace v3 = containerd::task::v3;

constexpr char kService[] = "containerd.task.v3.Task";
constexpr char kId[] = "a-task-with-a-name-of-some-length";

class NoRootfs final : public shim::Rootfs {
 public:
  void Mount(const std::string&, const std::vector<container::Mount>&, shim::Done<> done) override {
    done(absl::OkStatus());
  }
  void Unmount(const std::string&, shim::Done<> done) override { done(absl::OkStatus()); }
};

// Answers one call on its session, as a connection would.
class SessionResponder final : public ttrpc::Responder {
 public:
  SessionResponder(ttrpc::ServerSession& session, std::uint32_t stream)
      : session_(session), stream_(stream) {}
  void Respond(absl::StatusOr<std::string> payload) override {
    session_.Respond(stream_, std::move(payload));
  }
  void OnAbandoned(std::function<void()> /*callback*/) override {}
  void Dropped() override {}

 private:
  ttrpc::ServerSession& session_;
  std::uint32_t stream_;
};

// A service with one created task, and no sockets.
class Shim {
 public:
  Shim()
      : reaper_(base::ChildReaper::Create(loop_).value()),
        events_([](absl::string_view, absl::string_view, const std::string&) {}),
        context_{.loop = loop_,
                 .reaper = *reaper_,
                 .log = log_,
                 .backend = backend_,
                 .rootfs = rootfs_,
                 .events = events_,
                 .namespace_name = "benchmark"},
        service_(context_, [] {}) {
    router_.Add(shim::TaskService::Bind(service_, kService));
    char directory[] = "/tmp/hot-paths-XXXXXX";
    if (::mkdtemp(directory) == nullptr) return;
    const std::string config = std::string(directory) + "/config.json";
    std::ofstream(config) << R"({"ociVersion":"1.0.2","root":{"path":"rootfs"}})";
    v3::CreateTaskRequest request;
    request.set_id(kId);
    request.set_bundle(directory);
    Answer(Frame("Create", request.SerializeAsString()));
    loop_.run_for(std::chrono::milliseconds(100));
    session_.output().Clear();
    for (const char* name : {"config.json", "init.pid"}) {
      std::remove((std::string(directory) + "/" + name).c_str());
    }
    ::rmdir(directory);
  }

  std::string Frame(absl::string_view method, const std::string& payload) {
    const std::string body =
        ttrpc::EncodeRequest({.service = kService, .method = method, .payload = payload});
    std::string frame(ttrpc::kFrameHeaderBytes, '\0');
    ttrpc::EncodeFrameHeader({.length = static_cast<std::uint32_t>(body.size()),
                              .stream = 1,
                              .type = ttrpc::kFrameRequest},
                             frame.data());
    return frame + body;
  }

  // One received frame, answered into the session's output; its stream becomes the next one.
  std::size_t Answer(std::string frame) {
    ttrpc::FrameHeader header = ttrpc::DecodeFrameHeader(frame.data());
    header.stream = std::exchange(stream_, stream_ + 2);
    ttrpc::EncodeFrameHeader(header, frame.data());
    const absl::Span<char> space = session_.Prepare();
    std::memcpy(space.data(), frame.data(), frame.size());
    session_.Commit(frame.size());
    while (std::optional<ttrpc::ServerSession::Call> call = session_.NextCall({})) {
      router_.Dispatch(call->request.service, call->request.method, call->request.payload, {},
                       std::make_unique<SessionResponder>(session_, call->stream));
    }
    return session_.output().bytes();
  }
  void Sent(std::size_t bytes) { session_.output().Consume(bytes); }

 private:
  boost::asio::io_context loop_;
  base::Log log_;
  std::unique_ptr<base::ChildReaper> reaper_;
  shim::testing::FakeBackend backend_{loop_};
  NoRootfs rootfs_;
  shim::EventQueue events_;
  shim::TaskContext context_;
  shim::TaskService service_;
  ttrpc::Router router_;
  ttrpc::ServerSession session_;
  std::uint32_t stream_ = 1;
};

void Dispatch(benchmark::State& state) {
  Shim shim;
  v3::StateRequest request;
  request.set_id(kId);
  const std::string frame = shim.Frame("State", request.SerializeAsString());
  const std::size_t expected = sizeof kId * 2;  // id and bundle, at least
  for (auto _ : state) {
    const std::size_t bytes = shim.Answer(frame);
    if (bytes < expected) return state.SkipWithError("State was refused");
    shim.Sent(bytes);
  }
}
BENCHMARK(Dispatch)->Name("State call, bytes to bytes/ours");

// The messages alone.
void DispatchFloor(benchmark::State& state) {
  v3::StateRequest request;
  request.set_id(kId);
  const std::string payload = request.SerializeAsString();
  for (auto _ : state) {
    v3::StateRequest asked;
    if (!asked.ParseFromString(payload)) return state.SkipWithError("undecodable");
    v3::StateResponse answer;
    answer.set_id(asked.id());
    answer.set_bundle("/tmp/hot-paths-XXXXXX");
    answer.set_pid(1000);
    answer.set_status(containerd::types::CREATED);
    std::string bytes = answer.SerializeAsString();
    benchmark::DoNotOptimize(bytes);
  }
}
BENCHMARK(DispatchFloor)->Name("State call, bytes to bytes/floor: the two messages");

}  // namespace
