// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/worker_protocol.h"

#include <absl/strings/str_cat.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "conformance/harness/names.h"
#include "conformance/reports/json_fields.h"

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kWhere[] = "worker protocol";

absl::Status Read(JsonFields& fields, WorldSpec& world);
absl::Status Read(JsonFields& fields, DialectProbe& probe);
absl::Status Read(JsonFields& fields, SubjectInfo& subject);
absl::Status Read(JsonFields& fields, Profile& profile);
absl::Status Read(JsonFields& fields, Why& why);
absl::Status Read(JsonFields& fields, HistoryEntry& entry);
absl::Status Read(JsonFields& fields, CheckOutcome& outcome);
absl::Status Read(JsonFields& fields, Remainder& remainder);

// Reads an object into `out`.
template <typename Value>
JsonFields::Visit Reader(Value& out) {
  return [&out](JsonFields& fields) { return Read(fields, out); };
}

// Reads each object of an array into a new element of `out`.
template <typename Value>
JsonFields::Visit Adder(std::vector<Value>& out) {
  return [&out](JsonFields& fields) { return Read(fields, out.emplace_back()); };
}

Json ToJson(const WorldSpec& world) {
  return {{"cgroup_parent", world.cgroup_parent},
          {"fixtures", world.fixtures},
          {"shim", world.shim},
          {"engine", world.engine},
          {"engine_name", world.engine_name},
          {"ns", world.ns},
          {"seed", world.seed},
          {"deadline_scale", world.deadline_scale},
          {"keep", world.keep}};
}

absl::Status Read(JsonFields& fields, WorldSpec& world) {
  fields.Get("cgroup_parent", world.cgroup_parent);
  fields.Get("fixtures", world.fixtures);
  fields.Get("shim", world.shim);
  fields.Get("engine", world.engine);
  fields.Get("engine_name", world.engine_name);
  fields.Get("ns", world.ns);
  fields.Get("seed", world.seed);
  fields.Get("deadline_scale", world.deadline_scale);
  fields.Get("keep", world.keep);
  return fields.status();
}

Json ToJson(const DialectProbe& probe) {
  return {{"usable", probe.usable},
          {"version", probe.version},
          {"protocol", probe.protocol},
          {"problem", probe.problem},
          {"took_us", probe.took_us}};
}

absl::Status Read(JsonFields& fields, DialectProbe& probe) {
  fields.Get("usable", probe.usable);
  fields.Get("version", probe.version);
  fields.Get("protocol", probe.protocol);
  fields.Get("problem", probe.problem);
  fields.Get("took_us", probe.took_us);
  return fields.status();
}

Json ToJson(const SubjectInfo& subject) {
  return {{"legacy", ToJson(subject.legacy)},
          {"params", ToJson(subject.params)},
          {"default_params", subject.default_dialect == Dialect::kParams},
          {"task_version", subject.task_version},
          {"other_task_version", subject.other_task_version},
          {"version_text", subject.version_text},
          {"log_tail", subject.log_tail}};
}

absl::Status Read(JsonFields& fields, SubjectInfo& subject) {
  bool default_params = false;
  fields.Object("legacy", Reader(subject.legacy));
  fields.Object("params", Reader(subject.params));
  fields.Get("default_params", default_params);
  fields.Get("task_version", subject.task_version);
  fields.Get("other_task_version", subject.other_task_version);
  fields.Get("version_text", subject.version_text);
  fields.Get("log_tail", subject.log_tail);
  subject.default_dialect = default_params ? Dialect::kParams : Dialect::kLegacy;
  return fields.status();
}

Json ToJson(const Profile& profile) {
  return {{"name", profile.name},
          {"shim_path", profile.shim_path},
          {"engine", profile.engine},
          {"hypervisor", profile.hypervisor},
          {"vm_config", profile.vm_config},
          {"guest", std::string(GuestName(profile.guest))},
          {"claims", profile.claims},
          {"boot_ms", profile.boot_limit.count()},
          {"rpc_ms", profile.rpc_limit.count()},
          {"env", profile.env},
          {"dump_signal", profile.dump_signal},
          {"fatal_log", profile.fatal_log}};
}

absl::Status Read(JsonFields& fields, Profile& profile) {
  std::string guest;
  std::int64_t boot_ms = 0;
  std::int64_t rpc_ms = 0;
  fields.Get("name", profile.name);
  fields.Get("shim_path", profile.shim_path);
  fields.Get("engine", profile.engine);
  fields.Get("hypervisor", profile.hypervisor);
  fields.Get("vm_config", profile.vm_config);
  fields.Get("guest", guest);
  fields.Get("claims", profile.claims);
  fields.Get("boot_ms", boot_ms);
  fields.Get("rpc_ms", rpc_ms);
  fields.Get("env", profile.env);
  fields.Get("dump_signal", profile.dump_signal);
  fields.Get("fatal_log", profile.fatal_log);
  const std::optional<Profile::Guest> parsed = ParseGuest(guest);
  if (!parsed) return absl::InvalidArgumentError(absl::StrCat("guest: unknown kind '", guest, "'"));
  profile.guest = *parsed;
  profile.boot_limit = std::chrono::milliseconds(boot_ms);
  profile.rpc_limit = std::chrono::milliseconds(rpc_ms);
  return fields.status();
}

Json ToJson(const std::vector<Why>& whys) {
  Json records = Json::array();
  for (const Why& why : whys) {
    records.push_back({{"code", why.code},
                       {"text", why.text},
                       {"expected", why.expected},
                       {"observed", why.observed},
                       {"requirement", why.requirement},
                       {"where", why.where}});
  }
  return records;
}

Json ToJson(const CheckOutcome& outcome) {
  Json history = Json::array();
  for (const HistoryEntry& entry : outcome.history) {
    history.push_back({{"at", entry.offset_us},
                       {"lane", static_cast<int>(entry.lane)},
                       {"text", entry.text},
                       {"mark", entry.contradiction}});
  }
  return {{"verdict", std::string(VerdictName(outcome.verdict))},
          {"whys", ToJson(outcome.whys)},
          {"notes", outcome.notes},
          {"observations", outcome.observations},
          {"history", std::move(history)},
          {"after", outcome.after},
          {"shim_log", outcome.shim_log},
          {"hang", outcome.hang},
          {"story", outcome.story},
          {"findings", ToJson(outcome.findings)},
          {"rpc_count", outcome.rpc_count},
          {"boot_us", outcome.boot_us},
          {"check_us", outcome.check_us}};
}

absl::Status Read(JsonFields& fields, Why& why) {
  fields.Get("code", why.code);
  fields.Get("text", why.text);
  fields.Get("expected", why.expected);
  fields.Get("observed", why.observed);
  fields.Get("requirement", why.requirement);
  fields.Get("where", why.where);
  return fields.status();
}

absl::Status Read(JsonFields& fields, HistoryEntry& entry) {
  int lane = 0;
  fields.Get("at", entry.offset_us);
  fields.Get("lane", lane);
  fields.Get("text", entry.text);
  fields.Get("mark", entry.contradiction);
  if (lane < 0 || lane > static_cast<int>(HistoryEntry::Lane::kLog)) {
    fields.Fail("lane", "is none");
  } else {
    entry.lane = static_cast<HistoryEntry::Lane>(lane);
  }
  return fields.status();
}

absl::Status Read(JsonFields& fields, CheckOutcome& outcome) {
  std::string verdict;
  fields.Get("verdict", verdict);
  const std::optional<Verdict> parsed = ParseVerdict(verdict);
  if (!parsed) fields.Fail("verdict", absl::StrCat("'", verdict, "' is none"));
  outcome.verdict = parsed.value_or(Verdict::kError);
  fields.Each("whys", Adder(outcome.whys));
  fields.Get("notes", outcome.notes);
  fields.Get("observations", outcome.observations);
  fields.Each("history", Adder(outcome.history));
  fields.Get("after", outcome.after);
  fields.Get("shim_log", outcome.shim_log);
  fields.Get("hang", outcome.hang);
  fields.Get("story", outcome.story);
  fields.Each("findings", Adder(outcome.findings));
  fields.Get("rpc_count", outcome.rpc_count);
  fields.Get("boot_us", outcome.boot_us);
  fields.Get("check_us", outcome.check_us);
  return fields.status();
}

absl::Status Read(JsonFields& fields, Remainder& remainder) {
  fields.Get("code", remainder.code);
  fields.Get("text", remainder.text);
  return fields.status();
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Json> Parse(absl::string_view text) {
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "worker protocol: no JSON: ", text.substr(0, 200), text.size() > 200 ? "..." : ""));
  }
  return json;
}

}  // namespace

std::string EncodeJob(const WorkerJob& job) {
  return Dump({{"check", job.check},
               {"world", ToJson(job.world)},
               {"subject", ToJson(job.subject)},
               {"profile", ToJson(job.profile)}});
}

absl::StatusOr<WorkerJob> DecodeJob(absl::string_view json) {
  ASSIGN_OR_RETURN(const Json parsed, Parse(json));
  JsonFields fields(kWhere, parsed);
  WorkerJob job;
  fields.Get("check", job.check);
  fields.Object("world", Reader(job.world));
  fields.Object("subject", Reader(job.subject));
  fields.Object("profile", Reader(job.profile));
  RETURN_IF_ERROR(fields.status());
  return job;
}

std::string EncodeMessage(const WorkerMessage& message) {
  switch (message.kind) {
    case WorkerMessage::Kind::kWaiting:
      return Dump({{"t", "waiting"}, {"text", message.text}});
    case WorkerMessage::Kind::kFailed:
      return Dump({{"t", "failed"}, {"text", message.text}});
    case WorkerMessage::Kind::kProbe:
      return Dump({{"t", "probe"}, {"subject", ToJson(message.subject)}});
    case WorkerMessage::Kind::kOutcome:
      break;
  }
  Json left = Json::array();
  for (const Remainder& one : message.left) {
    left.push_back({{"code", one.code}, {"text", one.text}});
  }
  return Dump({{"t", "outcome"},
               {"outcome", ToJson(message.outcome)},
               {"left", std::move(left)},
               {"cpu_us", message.cpu_us}});
}

absl::StatusOr<WorkerMessage> DecodeMessage(absl::string_view line) {
  ASSIGN_OR_RETURN(const Json parsed, Parse(line));
  JsonFields fields(kWhere, parsed);
  WorkerMessage message;
  std::string type;
  fields.Get("t", type);
  if (type == "waiting" || type == "failed") {
    message.kind = type == "failed" ? WorkerMessage::Kind::kFailed : WorkerMessage::Kind::kWaiting;
    fields.Get("text", message.text);
  } else if (type == "probe") {
    message.kind = WorkerMessage::Kind::kProbe;
    fields.Object("subject", Reader(message.subject));
  } else if (type == "outcome") {
    message.kind = WorkerMessage::Kind::kOutcome;
    fields.Object("outcome", Reader(message.outcome));
    fields.Each("left", Adder(message.left));
    fields.Get("cpu_us", message.cpu_us);
  } else {
    fields.Fail("t", absl::StrCat("'", type, "' is no type of message"));
  }
  RETURN_IF_ERROR(fields.status());
  return message;
}

}  // namespace conformance
