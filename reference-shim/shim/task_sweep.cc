// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/task_sweep.h"

#include <csignal>
#include <memory>
#include <utility>

namespace shim {
namespace {

// Somebody inside the shim who waits for a process.
class Listener final : public ttrpc::Responder {
 public:
  explicit Listener(std::function<void()> ended) : ended_(std::move(ended)) {}
  void Respond(absl::StatusOr<std::string>) override { ended_(); }
  void OnAbandoned(std::function<void()>) override {}
  void Dropped() override { ended_(); }

 private:
  std::function<void()> ended_;
};

}  // namespace

TaskSweep::TaskSweep(const TaskContext& context, TaskTable& tasks,
                     std::function<void(const std::string&)> forget)
    : tasks_(tasks), forget_(std::move(forget)), limit_(context.loop) {}

bool TaskSweep::Begin(std::chrono::milliseconds within, Done<> done) {
  if (done_) {
    done(absl::FailedPreconditionError("the tasks are being ended already"));
    return false;
  }
  done_ = std::move(done);
  pending_ = 1;  // this beginning, so that it is not over before all were asked
  limit_.Set(within, [this] {
    guard_.Reset();
    Finish(absl::DeadlineExceededError("there are tasks that have not ended in time"));
  });
  return true;
}

std::function<void()> TaskSweep::OneMore() {
  ++pending_;
  return guard_.Wrap([this] { OneLess(); });
}

void TaskSweep::OneLess() {
  if (--pending_ == 0) Finish(absl::OkStatus());
}

void TaskSweep::Finish(const absl::Status& status) {
  limit_.Clear();
  std::exchange(done_, nullptr)(status);
}

void TaskSweep::Stop(std::chrono::milliseconds within, Done<> done) {
  if (!Begin(within, std::move(done))) return;
  tasks_.ForEach([this](Task& task) {
    if (!task.created()) return;
    const auto state = task.State("");
    // What is frozen takes no signal where cgroups are those of version 1.
    if (state.ok() && state->status() == containerd::types::PAUSED) {
      task.Resume([](const absl::Status&) {});
    }
    task.Kill("", SIGKILL, /*all=*/true, [](const absl::Status&) {});
    task.Wait("", WaitReply(std::make_unique<Listener>(OneMore())));
  });
  OneLess();
}

void TaskSweep::Delete(std::chrono::milliseconds within, Done<> done) {
  if (!Begin(within, std::move(done))) return;
  std::vector<std::string> ids;
  tasks_.ForEach([&ids](const Task& task) { ids.push_back(task.id()); });
  for (const std::string& id : ids) {
    const absl::StatusOr<Task*> task = tasks_.FindAny(id);
    if (!task.ok()) continue;
    (*task)->Delete("", [this, id, ended = OneMore()](const auto& response) mutable {
      const std::function<void()> told = std::move(ended);
      if (response.ok()) forget_(id);  // destroys the task, and this function with it
      told();
    });
  }
  OneLess();
}

}  // namespace shim
