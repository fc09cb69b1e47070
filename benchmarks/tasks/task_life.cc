// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/tasks/task_life.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <utility>

#include "base/fifo.h"
#include "base/status_macros.h"
#include "fakes/containerd/bundle_maker.h"
#include "oci/spec_writer.h"
#include "task/v3/task.pb.h"

namespace benchmarks::tasks {
namespace {

namespace v3 = ::containerd::task::v3;

constexpr unsigned kFifoMode = 0700;

absl::Status OpenFifo(const std::string& path, boost::asio::posix::stream_descriptor& into) {
  RETURN_IF_ERROR(base::MakeFifo(path, kFifoMode));
  // As containerd holds it: with both ends, so that it never ends by itself.
  ASSIGN_OR_RETURN(base::UniqueFd fifo, base::OpenFifoBothEnds(path, /*nonblocking=*/true));
  into.assign(fifo.release());
  return absl::OkStatus();
}

}  // namespace

TaskLife::TaskLife(ShimSession& session, Order order)
    : session_(session),
      order_(std::move(order)),
      bundle_(absl::StrCat(session.place().directory, "/", order_.id)),
      output_(session.loop()),
      errors_(session.loop()) {}

absl::Status TaskLife::Prepare() {
  oci::Spec spec = ContainerSpec(session_.place(), order_.id, order_.args);
  if (order_.mounts_root) spec.root.path = "rootfs";
  ASSIGN_OR_RETURN(const std::string config, oci::WriteSpec(spec));
  RETURN_IF_ERROR(fakes::MakeBundle(
      {.path = bundle_, .work_directory = bundle_ + "-work", .config_json = config}));
  RETURN_IF_ERROR(OpenFifo(bundle_ + "/stdout", output_));
  return OpenFifo(bundle_ + "/stderr", errors_);
}

std::string TaskLife::IdRequest() const {
  v3::StartRequest request;  // field 1 of all of them
  request.set_id(order_.id);
  return request.SerializeAsString();
}

void TaskLife::Create(Done done) {
  v3::CreateTaskRequest request;
  request.set_id(order_.id);
  request.set_bundle(bundle_);
  request.set_stdout(bundle_ + "/stdout");
  request.set_stderr(bundle_ + "/stderr");
  if (!order_.options.type_url.empty()) {
    request.mutable_options()->set_type_url(order_.options.type_url);
    request.mutable_options()->set_value(order_.options.value);
  }
  if (order_.mounts_root) {
    auto* const mount = request.add_rootfs();
    mount->set_type("bind");
    mount->set_source(session_.place().rootfs());
    mount->add_options("rbind");
    mount->add_options("rw");
  }
  const std::string payload = request.SerializeAsString();
  times_.create_sent = Clock::now();
  session_.Call("Create", payload,
                [this, done = std::move(done)](const absl::StatusOr<std::string>& reply) {
                  times_.created = Clock::now();
                  v3::CreateTaskResponse response;
                  if (reply.ok() && response.ParseFromString(*reply)) {
                    pid_ = static_cast<pid_t>(response.pid());
                  }
                  done(reply.status());
                });
}

void TaskLife::WatchOutput() {
  output_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (!error) times_.first_output = Clock::now();
                     });
}

void TaskLife::Wait(Done done) {
  session_.Call("Wait", IdRequest(),
                [this, done = std::move(done)](const absl::StatusOr<std::string>& reply) {
                  times_.exited = Clock::now();
                  v3::WaitResponse response;
                  if (reply.ok() && response.ParseFromString(*reply)) {
                    exit_status_ = response.exit_status();
                  }
                  done(reply.status());
                });
}

void TaskLife::StartAndWait(Done done) {
  // Owned by the callbacks of the two calls, of which the later answer, or the first failure, ends
  // it.
  struct Both {
    Done done;
    int missing = 2;
  };
  auto both = std::make_shared<Both>(Both{.done = std::move(done)});
  const auto one = [both](const absl::Status& status) {
    if (both->done == nullptr) return;
    if (status.ok() && --both->missing > 0) return;
    std::exchange(both->done, nullptr)(status);
  };
  WatchOutput();
  times_.start_sent = Clock::now();
  Wait(one);
  session_.Call("Start", IdRequest(), [this, one](const absl::StatusOr<std::string>& reply) {
    times_.started = Clock::now();
    one(reply.status());
  });
}

void TaskLife::Start(Done done) {
  times_.start_sent = Clock::now();
  session_.Call("Start", IdRequest(),
                [this, done = std::move(done)](const absl::StatusOr<std::string>& reply) {
                  times_.started = Clock::now();
                  done(reply.status());
                });
}

void TaskLife::KillAndWait(Done done) {
  v3::KillRequest request;
  request.set_id(order_.id);
  request.set_signal(SIGKILL);
  session_.Call("Kill", request.SerializeAsString(),
                [this, done = std::move(done)](const absl::StatusOr<std::string>& reply) mutable {
                  if (!reply.ok()) return done(reply.status());
                  Wait(std::move(done));
                });
}

void TaskLife::Delete(Done done) {
  times_.delete_sent = Clock::now();
  session_.Call("Delete", IdRequest(),
                [this, done = std::move(done)](const absl::StatusOr<std::string>& reply) {
                  times_.deleted = Clock::now();
                  done(reply.status());
                });
}

void TaskLife::Run(Done done) {
  Create([this, done = std::move(done)](const absl::Status& created) mutable {
    if (!created.ok()) return done(created);
    StartAndWait([this, done = std::move(done)](const absl::Status& ended) mutable {
      if (!ended.ok()) return done(ended);
      Delete(std::move(done));
    });
  });
}

std::string TaskLife::TakeErrors() {
  char buffer[4096];
  const ssize_t got = ::read(errors_.native_handle(), buffer, sizeof buffer);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

absl::Status Await(boost::asio::io_context& loop, const std::function<void(TaskLife::Done)>& step) {
  bool ended = false;
  absl::Status result;
  step([&](const absl::Status& status) {
    ended = true;
    result = status;
  });
  RETURN_IF_ERROR(RunUntil(loop, [&] { return ended; }));
  return result;
}

absl::Status RunToEnd(TaskLife& task) {
  RETURN_IF_ERROR(Await(task.loop(), [&](TaskLife::Done done) { task.Run(std::move(done)); }));
  if (task.exit_status() == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the task ended with exit status ", task.exit_status(),
                                          ": ", task.TakeErrors()));
}

}  // namespace benchmarks::tasks
