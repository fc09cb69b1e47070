// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/rule_book.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "base/status_macros.h"
#include "fakes/wire/command_facts.h"
#include "fakes/wire/field_path.h"
#include "fakes/wire/rule_check.h"
#include "fakes/wire/task_methods.h"
#include "ttrpc/limits.h"

namespace fakes {
namespace {

using Op = WireCondition::Op;

// What a field was, in messages about one process.
struct Seen {
  std::string first;
  std::string last;
  std::uint64_t when = 0;
};

bool Holds(const WireCondition& condition, const std::string& field, const std::string& other) {
  const std::string value = condition.length ? absl::StrCat(field.size()) : field;
  std::int64_t left = 0;
  std::int64_t right = 0;
  switch (condition.op) {
    case Op::kEqual:
      return value == other;
    case Op::kNotEqual:
      return value != other;
    case Op::kContains:
      return absl::StrContains(value, other);
    case Op::kLess:
      return absl::SimpleAtoi(value, &left) && absl::SimpleAtoi(other, &right) && left < right;
    case Op::kMore:
      break;
  }
  return absl::SimpleAtoi(value, &left) && absl::SimpleAtoi(other, &right) && left > right;
}

// "@first" and the like refer to the assigned field itself.
bool OfMemory(const std::string& value) {
  return value == "@first" || value == "@before" || value == "@other";
}

// Of replies that are errors there is nothing to edit.
bool NeedsSuccess(WireAct act) {
  return act == WireAct::kSet || act == WireAct::kClear || act == WireAct::kUnknownField ||
         act == WireAct::kGarbage;
}

bool NeedsError(WireAct act) { return act == WireAct::kCode || act == WireAct::kText; }

std::string ContainerOf(const WireMessage& message) {
  const std::string process = message.process();
  return process.substr(0, process.find('/'));
}

std::uint32_t Shifted(std::uint32_t value, const WireRule& rule) {
  return rule.absolute ? static_cast<std::uint32_t>(rule.number)
                       : static_cast<std::uint32_t>(value + rule.number);
}

}  // namespace

struct RuleBook::Entry {
  Entry(WireRule what, const FaultRequest& request, std::size_t place)
      : rule(std::move(what)), trigger(request, place), seen(rule.assignments.size()) {}
  WireRule rule;
  FaultTrigger trigger;
  std::uint32_t occurrences = 0;
  std::set<std::string> after;                    // containers of which `rule.after` has passed
  std::vector<std::map<std::string, Seen>> seen;  // per assignment, by process
  std::uint64_t clock = 0;
};

RuleBook::RuleBook() = default;
RuleBook::RuleBook(RuleBook&&) noexcept = default;
RuleBook::~RuleBook() = default;

absl::StatusOr<RuleBook> RuleBook::Make(const FaultRequest& request) {
  RuleBook book;
  for (std::size_t i = 0; i < request.rules.size(); ++i) {
    ASSIGN_OR_RETURN(WireRule rule, ParseWireRule(request.rules[i]));
    if (const absl::Status status = CheckWireRule(rule); !status.ok()) {
      return base::Annotate(status, absl::StrCat("rule '", request.rules[i], "'"));
    }
    book.entries_.push_back(std::make_unique<Entry>(std::move(rule), request, i));
  }
  return book;
}

std::optional<std::string> RuleBook::ValueOf(const std::string& field,
                                             const WireMessage& message) const {
  if (field == "first-gone") return first_gone_ ? "true" : "false";
  if (absl::StartsWith(field, "env.")) return LookUp(field);
  return message.Get(field);
}

bool RuleBook::Fits(Entry& entry, const WireMessage& message) const {
  const WireRule& rule = entry.rule;
  const bool any = rule.name == "*" && !absl::StartsWith(message.name(), "#");
  if (rule.side != message.side() || (!any && rule.name != message.name())) return false;
  if (!rule.after.empty() && entry.after.count(ContainerOf(message)) == 0 &&
      (entry.after.empty() || !ContainerOf(message).empty())) {
    return false;
  }
  if (message.side() == WireSide::kReply) {
    if (NeedsSuccess(rule.act) && !message.ok()) return false;
    if (NeedsError(rule.act) && message.ok()) return false;
  }
  return std::all_of(rule.where.begin(), rule.where.end(), [&](const WireCondition& condition) {
    std::optional<std::string> value = ValueOf(condition.field, message);
    if (condition.length && !value) value = "";
    const bool field = !condition.value.empty() && condition.value[0] == '@';
    const std::optional<std::string> other =
        field ? message.Get(condition.value.substr(1)) : condition.value;
    return value && other && Holds(condition, *value, *other);
  });
}

bool RuleBook::Counts(Entry& entry) {
  ++entry.occurrences;
  return entry.occurrences >= entry.rule.first && entry.occurrences <= entry.rule.last &&
         entry.trigger.Fires();
}

std::optional<std::string> RuleBook::Resolve(const Entry& entry, const WireAssignment& assignment,
                                             const WireMessage& message) const {
  if (assignment.value.empty() || assignment.value[0] != '@') return assignment.value;
  if (assignment.value == "@shim") return absl::StrCat(subject_);
  if (!OfMemory(assignment.value)) return message.Get(assignment.value.substr(1));
  const auto place = static_cast<std::size_t>(&assignment - entry.rule.assignments.data());
  const std::map<std::string, Seen>& seen = entry.seen[place];
  const std::string process = message.process();
  if (assignment.value != "@other") {
    const auto found = seen.find(process);
    if (found == seen.end()) return std::nullopt;
    return assignment.value == "@first" ? found->second.first : found->second.last;
  }
  const Seen* latest = nullptr;
  for (const auto& [other, values] : seen) {
    if (other != process && (latest == nullptr || values.when > latest->when)) latest = &values;
  }
  return latest == nullptr ? std::nullopt : std::optional<std::string>(latest->last);
}

bool RuleBook::ResolveAll(const Entry& entry, const WireMessage& message,
                          std::vector<WireAssignment>& resolved) const {
  for (const WireAssignment& assignment : entry.rule.assignments) {
    const std::optional<std::string> value = Resolve(entry, assignment, message);
    if (!value) return false;
    resolved.push_back({assignment.field, assignment.op, *value});
  }
  return true;
}

// As it came: what rules made of it is no truth to refer to.
void RuleBook::Remember(const WireMessage& message) {
  for (const std::unique_ptr<Entry>& entry : entries_) {
    const WireRule& rule = entry->rule;
    if (!rule.after.empty() && rule.after_side == message.side() &&
        (rule.after == "*" || rule.after == message.name()) && message.ok()) {
      entry->after.insert(ContainerOf(message));
    }
    if (rule.side != message.side() || rule.name != message.name()) continue;
    for (std::size_t i = 0; i < rule.assignments.size(); ++i) {
      if (!OfMemory(rule.assignments[i].value)) continue;
      const std::optional<std::string> value = message.Get(rule.assignments[i].field);
      if (!value) continue;
      const auto [place, added] = entry->seen[i].try_emplace(message.process());
      if (added) place->second.first = *value;
      place->second.last = *value;
      place->second.when = ++entry->clock;
    }
  }
}

WireEffects RuleBook::Apply(WireMessage& message) {
  WireEffects effects;
  struct Firing {
    const WireRule* rule;
    std::vector<WireAssignment> resolved;
  };
  std::vector<Firing> firings;
  // All look at the message as it came; then it is remembered; then it is edited.
  for (const std::unique_ptr<Entry>& entry : entries_) {
    Firing firing{&entry->rule, {}};
    if (Fits(*entry, message) && ResolveAll(*entry, message, firing.resolved) && Counts(*entry)) {
      firings.push_back(std::move(firing));
    }
  }
  Remember(message);
  for (const Firing& firing : firings) Act(*firing.rule, firing.resolved, message, effects);
  return effects;
}

void RuleBook::Act(const WireRule& rule, const std::vector<WireAssignment>& resolved,
                   WireMessage& message, WireEffects& effects) const {
  using Fate = WireEffects::Fate;
  const ttrpc::FrameHeader& header = message.header();
  switch (rule.act) {
    case WireAct::kDrop:
      effects.fate = Fate::kDrop;
      return;
    case WireAct::kDuplicate:
      effects.twice = true;
      return;
    case WireAct::kDelay:
      effects.delay += std::chrono::milliseconds(rule.number);
      return;
    case WireAct::kHold:
      effects.until = {rule.target_side, rule.target};
      return;
    case WireAct::kSwap:
      effects.swap = true;
      return;
    case WireAct::kStream:
      effects.stream = Shifted(header.stream, rule);
      return;
    case WireAct::kLength:
      effects.length = Shifted(static_cast<std::uint32_t>(message.Data().size()), rule);
      return;
    case WireAct::kType:
      effects.type = static_cast<std::uint8_t>(rule.number);
      return;
    case WireAct::kFlags:
      effects.flags = static_cast<std::uint8_t>(rule.number);
      return;
    case WireAct::kTruncate:
      effects.truncate = static_cast<std::size_t>(rule.number);
      return;
    case WireAct::kCorrupt:
      effects.corrupt.push_back(static_cast<std::size_t>(rule.number));
      return;
    case WireAct::kGarbageEnvelope:
      effects.garbage = true;
      return;
    case WireAct::kCut:
      effects.fate = Fate::kCut;
      return;
    case WireAct::kClose:
      effects.fate = Fate::kClose;
      return;
    case WireAct::kInsert: {
      std::uint32_t stream = 0;
      (void)absl::SimpleAtoi(rule.target, &stream);  // it was checked when parsed
      effects.inserted.push_back(
          {.stream = stream, .type = static_cast<std::uint8_t>(rule.number)});
      return;
    }
    case WireAct::kSpec:
      effects.specs.emplace_back(message.Get("bundle").value_or(""), rule.text);
      return;
    case WireAct::kSignal:
      effects.signals.push_back(static_cast<int>(rule.number));
      return;
    default:
      return ActOnContents(rule, resolved, message, effects);
  }
}

void RuleBook::ActOnContents(const WireRule& rule, const std::vector<WireAssignment>& resolved,
                             WireMessage& message, WireEffects& effects) const {
  const bool request = message.side() == WireSide::kRequest;
  switch (rule.act) {
    case WireAct::kSet:
      // Paths were checked; an Any may hold what has no such field, which stays as it is.
      for (const WireAssignment& one : resolved) {
        message.Set(one.field, one.op, one.value).IgnoreError();
      }
      return;
    case WireAct::kClear:
      for (const std::string& field : rule.fields) message.Clear(field).IgnoreError();
      return;
    case WireAct::kUnknownField:
      return message.AddUnknownField();
    case WireAct::kGarbage:
      return message.SpoilPayload();
    case WireAct::kFail:
    case WireAct::kEmpty:
      if (!request) return message.Fail(static_cast<int>(rule.number), rule.text);
      effects.fate = WireEffects::Fate::kAnswer;
      effects.code = static_cast<int>(rule.number);
      effects.text = rule.text;
      return;
    case WireAct::kCode:
      return message.Fail(static_cast<int>(rule.number),
                          rule.text.empty() ? message.Get("text").value_or("") : rule.text);
    case WireAct::kText: {
      int code = 0;
      (void)absl::SimpleAtoi(message.Get("code").value_or(""), &code);
      return message.Fail(
          code, absl::StrReplaceAll(rule.text, {{"{text}", message.Get("text").value_or("")}}));
    }
    case WireAct::kNoDeadline:
      return message.ForgetDeadline();
    case WireAct::kAlso:
      return AddCall(rule, resolved, message, effects);
    case WireAct::kEmit:
      return AddEvent(rule, resolved, message, effects);
    default:
      return;  // acts on commands; the parser lets none of them be here
  }
}

void RuleBook::AddCall(const WireRule& rule, const std::vector<WireAssignment>& resolved,
                       const WireMessage& message, WireEffects& effects) const {
  const std::string prefix = message.side() == WireSide::kReply ? "request." : "";
  const TaskMethod* method = FindTaskMethod("", rule.target);
  const std::unique_ptr<google::protobuf::Message> body = NewMessageOf(method->request);
  for (const char* field : {"id", "exec_id"}) {
    if (!CheckField(*body->GetDescriptor(), field).ok()) continue;
    WriteField(*body, field, WireAssignment::Op::kSet, message.Get(prefix + field).value_or(""))
        .IgnoreError();
  }
  for (const WireAssignment& one : resolved) {
    WriteField(*body, one.field, one.op, one.value).IgnoreError();
  }
  effects.calls.push_back({.service = message.Get(prefix + "service").value_or(""),
                           .method = rule.target,
                           .payload = body->SerializeAsString()});
}

void RuleBook::AddEvent(const WireRule& rule, const std::vector<WireAssignment>& resolved,
                        const WireMessage& message, WireEffects& effects) const {
  const std::shared_ptr<WireMessage> event = WireMessage::NewEvent(rule.target, namespace_);
  event->Set("container_id", WireAssignment::Op::kSet, ContainerOf(message)).IgnoreError();
  for (const WireAssignment& one : resolved) {
    event->Set(one.field, one.op, one.value).IgnoreError();
  }
  effects.events.push_back(event);
}

std::vector<const WireRule*> RuleBook::FireCommand(
    WireSide side, const std::map<std::string, std::string>& facts) {
  std::vector<const WireRule*> fired;
  for (const std::unique_ptr<Entry>& entry : entries_) {
    if (entry->rule.side != side) continue;
    const auto& where = entry->rule.where;
    const bool fits = std::all_of(where.begin(), where.end(), [&](const WireCondition& condition) {
      const auto found = facts.find(condition.field);
      return Holds(condition, found == facts.end() ? LookUp(condition.field) : found->second,
                   condition.value);
    });
    if (fits && Counts(*entry)) fired.push_back(&entry->rule);
  }
  return fired;
}

bool RuleBook::Concerns(WireSides sides) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [sides](const auto& entry) { return (Bit(entry->rule.side) & sides) != 0; });
}

std::string FrameOf(const WireMessage& message, const WireEffects& effects) {
  std::string data = message.Data();
  if (effects.garbage) data.assign(12, '\xff');
  data.resize(data.size() - std::min(effects.truncate, data.size()));
  for (const std::size_t offset : effects.corrupt) {
    if (offset < data.size()) data[offset] = static_cast<char>(~data[offset]);
  }
  ttrpc::FrameHeader header = message.header();
  header.length = effects.length.value_or(static_cast<std::uint32_t>(data.size()));
  header.stream = effects.stream.value_or(header.stream);
  header.type = effects.type.value_or(header.type);
  header.flags = effects.flags.value_or(header.flags);
  std::string frame(ttrpc::kFrameHeaderBytes, '\0');
  ttrpc::EncodeFrameHeader(header, frame.data());
  return frame + data;
}

}  // namespace fakes
