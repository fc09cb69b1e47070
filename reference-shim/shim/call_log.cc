// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/call_log.h"

#include <iterator>
#include <utility>

#include "ttrpc/wire_format.h"

namespace shim {
namespace {

double Milliseconds(CallLog::Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

std::string CallLog::IdOf(absl::string_view payload) {
  ttrpc::WireReader reader(payload);
  absl::string_view id;
  if (reader.NextTag() != ttrpc::BytesTag(1) || !reader.ReadBytes(&id)) return "";
  return std::string(id);
}

std::function<void(const absl::Status&)> CallLog::Begin(absl::string_view method,
                                                        absl::string_view payload) {
  open_.push_back({.method = std::string(method), .id = IdOf(payload), .begun = Clock::now()});
  return [this, call = std::prev(open_.end())](const absl::Status& status) { End(call, status); };
}

void CallLog::End(std::list<Call>::iterator call, const absl::Status& status) {
  if (told_ != nullptr) told_(*call, status);
  const double took = Milliseconds(Clock::now() - call->begun);
  Latencies& latencies = latencies_[call->method];
  int bucket = 0;
  while (bucket < kBounds && took > static_cast<double>(1U << bucket)) ++bucket;
  ++latencies.buckets[static_cast<std::size_t>(bucket)];
  ++latencies.count;
  latencies.milliseconds += took;
  open_.erase(call);
}

}  // namespace shim
