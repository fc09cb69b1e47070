// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/story_text.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "conformance/reports/json_fields.h"

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kStorySchema = 1;

Json CallRecord(const CallFact& call) {
  return {{"method", call.method},
          {"container", call.process.container},
          {"exec", call.process.exec},
          {"connection", call.connection},
          {"sent_us", call.sent_us},
          {"replied_us", call.replied_us},
          {"code", static_cast<int>(call.code)},
          {"pid", call.pid},
          {"status", static_cast<int>(call.status)},
          {"exit_status", call.exit_status},
          {"exited_at_ns", call.exited_at_ns}};
}

// Without the payload: the rules ask for what is decoded from it.
Json EventRecord(const EventFact& fact) {
  const Event& event = fact.event;
  return {{"topic", event.topic},
          {"type_url", event.type_url},
          {"ns", event.ns},
          {"timestamp_ns", event.timestamp_ns},
          {"container_id", event.container_id},
          {"id", event.id},
          {"exec_id", event.exec_id},
          {"pid", event.pid},
          {"exit_status", event.exit_status},
          {"exited_at_ns", event.exited_at_ns},
          {"decodable", event.decodable},
          {"received_us", fact.received_us},
          {"refused", std::string(fact.acceptance.message())}};
}

absl::Status ReadCall(JsonFields& fields, CallFact& call) {
  fields.Get("method", call.method);
  fields.Get("container", call.process.container);
  fields.Get("exec", call.process.exec);
  fields.Get("connection", call.connection);
  fields.Get("sent_us", call.sent_us);
  fields.Get("replied_us", call.replied_us);
  int code = 0;
  int status = 0;
  fields.Get("code", code);
  fields.Get("pid", call.pid);
  fields.Get("status", status);
  fields.Get("exit_status", call.exit_status);
  fields.Get("exited_at_ns", call.exited_at_ns);
  call.code = static_cast<absl::StatusCode>(code);
  call.status = static_cast<TaskStatus>(status);
  return absl::OkStatus();
}

absl::Status ReadEvent(JsonFields& fields, EventFact& fact) {
  Event& event = fact.event;
  std::string refused;
  fields.Get("topic", event.topic);
  fields.Get("type_url", event.type_url);
  fields.Get("ns", event.ns);
  fields.Get("timestamp_ns", event.timestamp_ns);
  fields.Get("container_id", event.container_id);
  fields.Get("id", event.id);
  fields.Get("exec_id", event.exec_id);
  fields.Get("pid", event.pid);
  fields.Get("exit_status", event.exit_status);
  fields.Get("exited_at_ns", event.exited_at_ns);
  fields.Get("decodable", event.decodable);
  fields.Get("received_us", fact.received_us);
  fields.Get("refused", refused);
  if (!refused.empty()) fact.acceptance = absl::InvalidArgumentError(refused);
  return absl::OkStatus();
}

}  // namespace

std::string StoryText(const Story& story) {
  if (story.calls.size() + story.events.size() > kStoryFactsMax) return "";
  Json calls = Json::array();
  for (const CallFact& call : story.calls) calls.push_back(CallRecord(call));
  Json events = Json::array();
  for (const EventFact& event : story.events) events.push_back(EventRecord(event));
  std::vector<std::string> lost_shims;
  for (const std::size_t shim : story.lost_shims) lost_shims.push_back(absl::StrCat(shim));
  const Json record = {{"schema", kStorySchema},
                       {"namespaces", story.namespaces},
                       {"lost_shims", lost_shims},
                       {"outside_hands", story.outside_hands},
                       {"sink_disturbed", story.sink_disturbed},
                       {"calls", std::move(calls)},
                       {"events", std::move(events)}};
  return record.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Story> ParseStory(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("the story is no JSON");
  JsonFields fields("story", json);
  Story story;
  std::int64_t schema = 0;
  fields.Get("schema", schema);
  if (schema != kStorySchema) {
    fields.Fail("schema", absl::StrCat("is ", schema, ", this build reads ", kStorySchema));
  }
  std::vector<std::string> namespaces;
  std::vector<std::string> lost_shims;
  std::vector<std::string> outside_hands;
  fields.Get("namespaces", namespaces);
  fields.Get("lost_shims", lost_shims);
  fields.Get("outside_hands", outside_hands);
  fields.Get("sink_disturbed", story.sink_disturbed);
  fields.Each("calls",
              [&story](JsonFields& call) { return ReadCall(call, story.calls.emplace_back()); });
  fields.Each("events", [&story](JsonFields& event) {
    return ReadEvent(event, story.events.emplace_back());
  });
  story.namespaces = {namespaces.begin(), namespaces.end()};
  story.outside_hands = {outside_hands.begin(), outside_hands.end()};
  for (const std::string& shim : lost_shims) {
    std::size_t number = 0;
    if (!absl::SimpleAtoi(shim, &number)) fields.Fail("lost_shims", "expected numbers");
    story.lost_shims.insert(number);
  }
  RETURN_IF_ERROR(fields.status());
  return story;
}

}  // namespace conformance
