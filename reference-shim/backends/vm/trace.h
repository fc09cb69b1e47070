// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/call_log.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/forked_step.h"

namespace backends {

// Writes what a VM's shim does as spans of OpenTelemetry: the calls that it answers, each a trace
// of its own, and in them the calls to hypervisor and agent that they have led to. The file is that
// of OTLP's JSON file exporter: one ExportTraceServiceRequest a line. A forked process writes, a
// moment after the first span; what comes faster than that is counted and not kept.
class Tracer {
 public:
  using Clock = shim::CallLog::Clock;
  // SpanKind of OTLP.
  enum class Kind { kServer = 2, kClient = 3 };
  struct Ids {
    std::uint64_t trace_high = 0;
    std::uint64_t trace_low = 0;
    std::uint64_t span = 0;
  };
  struct Span {
    Ids ids;
    std::uint64_t parent = 0;  // 0: none
    Kind kind = Kind::kClient;
    std::string name;
    std::string id;  // the task or sandbox that it is about
    Clock::time_point begun;
    Clock::time_point ended;
    absl::Status status;
  };

  // Of the calls in `context`, which is borrowed and must have them. `file` is appended to, and
  // made with mode 0600. `sandbox`: the VM's.
  Tracer(const shim::BackendContext& context, std::string file, std::string sandbox);
  // Writes what is left, in bounded time.
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // A call to somebody begins, about the task or sandbox `id`, or about the VM if that is empty. It
  // belongs to the latest call under way that names the same, else to the only one under way.
  Span Begin(std::string name, absl::string_view id);
  void End(Span span, const absl::Status& status);
  // Both: `done`, with what it completes as a span from now on.
  shim::Done<std::string> Trace(std::string name, shim::Done<std::string> done);

 private:
  void OnAnswered(const shim::CallLog::Call& call, const absl::Status& status);
  Ids NewIds();
  const Ids& IdsOf(const shim::CallLog::Call& call);
  [[nodiscard]] const shim::CallLog::Call* ParentFor(absl::string_view id) const;
  void Add(Span span);
  void Flush();
  void Written(const absl::Status& status);
  [[nodiscard]] absl::Status Write(const std::vector<Span>& spans) const;
  [[nodiscard]] std::string Format(const std::vector<Span>& spans) const;
  [[nodiscard]] std::string Time(Clock::time_point at) const;

  const shim::BackendContext& context_;
  const std::string file_;
  const std::string sandbox_;
  // From the clock's beginning to 1970: taken once, so that spans compare.
  const std::chrono::nanoseconds epoch_;
  std::mt19937_64 random_;
  std::map<const shim::CallLog::Call*, Ids> parents_;  // calls under way that a span belongs to
  std::vector<Span> ended_;
  std::vector<Span> writing_;
  std::uint64_t lost_ = 0;
  bool failing_ = false;
  std::unique_ptr<shim::ForkedStep> step_;  // while it writes
  shim::Deadline pause_;
};

}  // namespace backends
