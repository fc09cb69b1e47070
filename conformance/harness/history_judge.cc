// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/history_judge.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "containerd/topics.h"

namespace conformance {
namespace {

// The topics that belong to one process, in the order they must come in (EVT-20). An exec has
// exec-added and exec-started in the places of create and start.
enum Stage { kMade, kStarted, kExited, kDeleted };
constexpr std::array<Stage, 4> kStages = {kMade, kStarted, kExited, kDeleted};

std::string TopicOf(Stage stage, bool exec) {
  switch (stage) {
    case kMade:
      return exec ? "/tasks/exec-added" : "/tasks/create";
    case kStarted:
      return exec ? "/tasks/exec-started" : "/tasks/start";
    case kExited:
      return "/tasks/exit";
    case kDeleted:
      break;
  }
  return "/tasks/delete";
}

struct ProcessEvents {
  std::array<std::vector<std::size_t>, 4> at;  // by stage: indexes into the story's events
};

// Everything known of one process id; usually one life.
struct Subject {
  ProcessKey process;
  std::vector<const Life*> lives;
  ProcessEvents events;
  bool judged = true;  // false: the story leaves too much open
  [[nodiscard]] bool exec() const { return !process.exec.empty(); }
  [[nodiscard]] std::size_t count(Stage stage) const { return events.at[stage].size(); }
  // The rules about order and agreement need to know which life an event belongs to.
  [[nodiscard]] const Life* only_life() const {
    return lives.size() == 1 ? lives.front() : nullptr;
  }
};

std::optional<Stage> StageOf(const Event& event) {
  const bool exec = !event.process().empty();
  for (const Stage stage : kStages) {
    if (event.topic == TopicOf(stage, exec)) return stage;
  }
  return std::nullopt;
}

class Judge {
 public:
  explicit Judge(const Story& story) : story_(story), lives_(Lives(story)) {
    for (const Life& life : lives_) {
      Subject& subject = subjects_[life.process];
      subject.lives.push_back(&life);
      if (story.lost_shims.count(life.made->connection) != 0) subject.judged = false;
    }
    for (const CallFact& call : story.calls) {
      if (call.method != "Create" && call.method != "Exec") continue;
      Subject& subject = subjects_[call.process];  // also those that failed
      if (call.uncertain()) subject.judged = false;
    }
    for (std::size_t i = 0; i < story.events.size(); ++i) {
      const Event& event = story.events[i].event;
      const auto subject = subjects_.find({event.container_id, event.process()});
      const std::optional<Stage> stage = StageOf(event);
      if (stage && subject != subjects_.end()) subject->second.events.at[*stage].push_back(i);
    }
    for (auto& [process, subject] : subjects_) {
      subject.process = process;
      if (story.outside_hands.count(process.container) != 0) subject.judged = false;
    }
  }

  std::vector<Why> Findings() {
    for (const EventFact& fact : story_.events) JudgeEnvelope(fact);
    for (const auto& [process, subject] : subjects_) {
      if (!subject.judged) continue;
      JudgePid(subject);
      JudgeAgreement(subject);
      if (story_.sink_disturbed) continue;
      JudgeUnexpected(subject);
      JudgeOrder(subject);
    }
    for (const auto& [topic, process] : Owed()) {
      Add(why::kEventMissing, topic == "/tasks/exit" ? "EVT-21" : "EVT-03",
          absl::StrCat("an event never arrived"), absl::StrCat(topic, " of ", process),
          EventsOf(process));
    }
    return std::move(findings_);
  }

  // Pairs of topic and process name.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> Owed() const;

 private:
  void Add(const char* code, const char* requirement, std::string text, std::string expected,
           std::string observed);
  void JudgeEnvelope(const EventFact& fact);
  void JudgePid(const Subject& subject);
  void JudgeAgreement(const Subject& subject);
  void JudgeUnexpected(const Subject& subject);
  void JudgeOrder(const Subject& subject);
  [[nodiscard]] std::string EventsOf(const std::string& process_name) const;

  const Story& story_;
  const std::vector<Life> lives_;
  std::map<ProcessKey, Subject> subjects_;
  std::vector<Why> findings_;
  std::set<std::pair<std::string, std::string>> said_;  // requirement, text
};

void Judge::Add(const char* code, const char* requirement, std::string text, std::string expected,
                std::string observed) {
  if (findings_.size() >= kFindingsMax) return;
  if (!said_.emplace(requirement, absl::StrCat(text, expected)).second) return;
  findings_.push_back({.code = code,
                       .text = std::move(text),
                       .expected = std::move(expected),
                       .observed = std::move(observed),
                       .requirement = requirement,
                       .where = {}});
}

std::string Judge::EventsOf(const std::string& process_name) const {
  std::vector<std::string> topics;
  for (const EventFact& fact : story_.events) {
    const Event& event = fact.event;
    if (ProcessName({event.container_id, event.process()}) == process_name) {
      topics.push_back(event.topic);
    }
  }
  return topics.empty() ? "no event of it at all" : absl::StrJoin(topics, ", ");
}

void Judge::JudgeEnvelope(const EventFact& fact) {
  const Event& event = fact.event;
  if (!fact.acceptance.ok()) {
    Add(why::kEventField, "EVT-02", "containerd refuses the envelope of an event",
        "a valid namespace, topic and timestamp", std::string(fact.acceptance.message()));
  }
  const containerd::Topic* topic = containerd::FindTopicByName(event.topic);
  const bool bare = !absl::StrContains(event.type_url, '/');
  if (!bare || (topic != nullptr && topic->type_name != event.type_url) || !event.decodable) {
    Add(why::kEventField, "EVT-04", absl::StrCat("the payload of ", event.topic, " is mistyped"),
        topic != nullptr ? absl::StrCat("type ", topic->type_name, ", decodable")
                         : "a bare message name",
        absl::StrCat("type ", event.type_url, event.decodable ? "" : ", not decodable"));
  }
  if (!story_.namespaces.empty() && story_.namespaces.count(event.ns) == 0) {
    Add(why::kEventField, "EVT-05", absl::StrCat(event.topic, " carries a foreign namespace"),
        absl::StrJoin(story_.namespaces, " or "), event.ns);
  }
}

void Judge::JudgePid(const Subject& subject) {
  const Life* const life = subject.only_life();
  if (life == nullptr) return;
  std::map<std::uint32_t, std::string> places;  // pid -> where it was first said
  for (const CallFact* call : life->calls) {
    if (call->pid != 0) places.emplace(call->pid, call->method);
  }
  for (const std::vector<std::size_t>& stage : subject.events.at) {
    for (const std::size_t i : stage) {
      const Event& event = story_.events[i].event;
      if (event.pid != 0) places.emplace(event.pid, event.topic);
    }
  }
  if (places.size() < 2) return;
  Add(why::kInvariant, "TASK-05", absl::StrCat(ProcessName(subject.process), " has several pids"),
      "one pid in every reply and event",
      absl::StrJoin(places, ", ", [](std::string* out, const auto& entry) {
        absl::StrAppend(out, entry.first, " in ", entry.second);
      }));
}

void Judge::JudgeAgreement(const Subject& subject) {
  const Life* const life = subject.only_life();
  // What a process that was never started reports as its end is open (START-36, DELETE-04).
  if (life == nullptr || life->started == nullptr) return;
  using End = std::pair<std::uint32_t, std::int64_t>;
  std::map<End, std::string> places;
  for (const CallFact* call : life->calls) {
    const bool ended = call->method == "Wait" || call->method == "Delete" ||
                       (call->method == "State" && call->status == TaskStatus::kStopped);
    if (ended) places.emplace(End{call->exit_status, call->exited_at_ns}, call->method);
  }
  for (const Stage stage : {kExited, kDeleted}) {
    for (const std::size_t i : subject.events.at[stage]) {
      const Event& event = story_.events[i].event;
      places.emplace(End{event.exit_status, event.exited_at_ns}, event.topic);
    }
  }
  if (places.size() < 2) return;
  Add(why::kInvariant, "TASK-07",
      absl::StrCat("it is not clear how ", ProcessName(subject.process), " ended"),
      "one exit status and one time in Wait, State, Delete and the events",
      absl::StrJoin(places, ", ", [](std::string* out, const auto& entry) {
        absl::StrAppend(out, "status ", entry.first.first, " at ", entry.first.second, " in ",
                        entry.second);
      }));
}

void Judge::JudgeUnexpected(const Subject& subject) {
  std::array<std::size_t, 4> allowed{};
  for (const Life* life : subject.lives) {
    ++allowed[kMade];
    const bool may_have_started = life->started != nullptr || life->start_uncertain;
    allowed[kStarted] += may_have_started ? 1 : 0;
    // An init can end without a Start (EVT-25), an exec cannot (DELETE-05).
    allowed[kExited] += may_have_started || !subject.exec() ? 1 : 0;
    ++allowed[kDeleted];
  }
  for (const Stage stage : kStages) {
    if (subject.count(stage) <= allowed[stage]) continue;
    const std::string topic = TopicOf(stage, subject.exec());
    const bool none = allowed[stage] == 0;
    const char* const once = stage == kExited ? "EVT-21" : "EVT-03";
    Add(none ? why::kEventUnexpected : why::kEventDuplicate,
        none && stage == kExited && !subject.exec() ? "EVT-22" : (none ? "EVT-03" : once),
        absl::StrCat(topic, none ? " of something that did not happen" : " came too often"),
        absl::StrCat(allowed[stage], " for ", ProcessName(subject.process)),
        absl::StrCat(subject.count(stage), " (", EventsOf(ProcessName(subject.process)), ")"));
  }
}

void Judge::JudgeOrder(const Subject& subject) {
  const Life* const life = subject.only_life();
  if (life == nullptr) return;
  std::vector<std::pair<std::size_t, Stage>> arrived;
  for (const Stage stage : kStages) {
    // Delete of a created task: its exit and its delete come in any order (EVT-26).
    if (stage == kExited && life->started == nullptr) continue;
    if (subject.count(stage) == 1) arrived.emplace_back(subject.events.at[stage].front(), stage);
  }
  const bool ordered = std::is_sorted(arrived.begin(), arrived.end());
  if (ordered) return;
  const std::string must = absl::StrJoin(
      arrived, " < ", [&subject](std::string* out, const std::pair<std::size_t, Stage>& entry) {
        absl::StrAppend(out, TopicOf(entry.second, subject.exec()));
      });
  Add(why::kEventOrder, "EVT-20",
      absl::StrCat("the events of ", ProcessName(subject.process), " are out of order"), must,
      EventsOf(ProcessName(subject.process)));
}

std::vector<std::pair<std::string, std::string>> Judge::Owed() const {
  std::vector<std::pair<std::string, std::string>> owed;
  if (story_.sink_disturbed) return owed;
  for (const auto& [process, subject] : subjects_) {
    if (!subject.judged) continue;
    std::array<std::size_t, 4> due{};
    for (const Life* life : subject.lives) {
      ++due[kMade];
      if (life->started != nullptr) ++due[kStarted];
      const bool ended = life->waited != nullptr || life->deleted != nullptr;
      if (life->started != nullptr && ended) ++due[kExited];
      if (life->deleted != nullptr && !subject.exec()) ++due[kDeleted];  // execs: EVT-13
    }
    for (const Stage stage : kStages) {
      if (subject.count(stage) >= due[stage]) continue;
      owed.emplace_back(TopicOf(stage, subject.exec()), ProcessName(process));
    }
  }
  return owed;
}

}  // namespace

std::vector<Why> JudgeHistory(const Story& story) { return Judge(story).Findings(); }

std::vector<std::string> OwedEvents(const Story& story) {
  std::vector<std::string> texts;
  for (const auto& [topic, process] : Judge(story).Owed()) {
    texts.push_back(absl::StrCat(topic, " of ", process));
  }
  return texts;
}

}  // namespace conformance
