// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <list>
#include <memory>
#include <string>
#include <utility>

namespace shim {

// The order in which the slow verbs of one task run. A verb names its lane: an exec id, or
// kWholeTask for the container itself. Verbs of one lane run one after the other; different execs
// run side by side; a verb of the whole task runs alone. Nobody overtakes a verb it could disturb.
// Quick calls (State, Kill, Wait, ...) do not come here at all.
class VerbQueue {
 public:
  static constexpr char kWholeTask[] = "";

  // The right to be the running verb of a lane. Destroying it lets the next ones run. May outlive
  // the queue.
  class Turn {
   public:
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    friend class VerbQueue;
    struct Place;
    Turn(std::weak_ptr<VerbQueue*> queue, const Place* place)
        : queue_(std::move(queue)), place_(place) {}
    std::weak_ptr<VerbQueue*> queue_;
    const Place* place_;
  };

  using Verb = absl::AnyInvocable<void(absl::StatusOr<Turn>)>;

  VerbQueue();
  ~VerbQueue();
  VerbQueue(const VerbQueue&) = delete;
  VerbQueue& operator=(const VerbQueue&) = delete;

  // Runs `verb` when its turn has come: at once, before Enter returns, if nothing is in the way.
  // With kVerbsWaitingMax in line it runs at once with RESOURCE_EXHAUSTED.
  void Enter(std::string lane, Verb verb);

  // Runs every verb still in line with `status` instead of a turn.
  void CancelWaiting(const absl::Status& status);

  [[nodiscard]] bool idle() const { return line_.empty(); }

 private:
  void Leave(const Turn::Place* place);
  void RunNext();

  std::list<Turn::Place> line_;  // in order of arrival, running ones included
  std::size_t waiting_ = 0;
  bool running_next_ = false;
  bool again_ = false;
  // Owned by the queue alone; turns hold it weakly to learn that the queue is gone.
  std::shared_ptr<VerbQueue*> alive_;
};

struct VerbQueue::Turn::Place {
  std::string lane;
  Verb verb;  // empty once it runs
};

}  // namespace shim
