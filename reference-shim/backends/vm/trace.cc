// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/trace.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {
namespace {

using nlohmann::json;

constexpr int kStatusError = 2;  // STATUS_CODE_ERROR of OTLP

std::string Hex(std::uint64_t number) { return absl::StrCat(absl::Hex(number, absl::kZeroPad16)); }

json Attribute(const char* key, const std::string& value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

json Attribute(const char* key, std::uint64_t value) {
  return {{"key", key}, {"value", {{"intValue", std::to_string(value)}}}};
}

// Such calls are under way as long as a process runs, and lead to nothing.
bool OnlyWaits(absl::string_view method) { return method == "Wait" || method == "WaitSandbox"; }

std::string Cut(absl::string_view text) { return std::string(text.substr(0, kTraceTextBytesMax)); }

std::uint64_t Seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Tracer::Tracer(const shim::BackendContext& context, std::string file, std::string sandbox)
    : context_(context),
      file_(std::move(file)),
      sandbox_(std::move(sandbox)),
      epoch_(std::chrono::system_clock::now().time_since_epoch() - Clock::now().time_since_epoch()),
      random_(Seed()),
      pause_(context.loop) {
  context_.calls->OnAnswered([this](const shim::CallLog::Call& call, const absl::Status& status) {
    OnAnswered(call, status);
  });
}

Tracer::~Tracer() {
  context_.calls->OnAnswered(nullptr);
  pause_.Clear();
  if (step_ != nullptr) Written(step_->Await(kTraceEndTimeout));
  if (!ended_.empty()) {
    writing_ = std::exchange(ended_, {});
    Written(Write(writing_));
  }
  if (lost_ > 0) context_.log.Warning("trace: ", lost_, " spans are not in ", file_);
}

// --- spans ----------------------------------------------------------------------------------

// None of them may be zero.
Tracer::Ids Tracer::NewIds() {
  return {.trace_high = random_(), .trace_low = random_() | 1, .span = random_() | 1};
}

const Tracer::Ids& Tracer::IdsOf(const shim::CallLog::Call& call) {
  const auto [place, added] = parents_.try_emplace(&call);
  if (added) place->second = NewIds();
  return place->second;
}

const shim::CallLog::Call* Tracer::ParentFor(absl::string_view id) const {
  const shim::CallLog::Call* only = nullptr;
  int candidates = 0;
  const auto& open = context_.calls->open();
  for (auto call = open.rbegin(); call != open.rend(); ++call) {
    if (OnlyWaits(call->method)) continue;
    if (call->id == id) return &*call;
    only = &*call;
    ++candidates;
  }
  return candidates == 1 ? only : nullptr;
}

Tracer::Span Tracer::Begin(std::string name, absl::string_view id) {
  if (id.empty()) id = sandbox_;
  Span span{.name = std::move(name), .id = Cut(id), .begun = Clock::now()};
  if (const shim::CallLog::Call* parent = ParentFor(id)) {
    span.ids = IdsOf(*parent);
    span.parent = std::exchange(span.ids.span, random_() | 1);
  } else {
    span.ids = NewIds();
  }
  return span;
}

void Tracer::End(Span span, const absl::Status& status) {
  span.ended = Clock::now();
  span.status = absl::Status(status.code(), Cut(status.message()));
  Add(std::move(span));
}

shim::Done<std::string> Tracer::Trace(std::string name, shim::Done<std::string> done) {
  return [this, span = Begin(std::move(name), ""),
          done = std::move(done)](absl::StatusOr<std::string> result) mutable {
    End(std::move(span), result.status());
    done(std::move(result));
  };
}

void Tracer::OnAnswered(const shim::CallLog::Call& call, const absl::Status& status) {
  Span span{.ids = IdsOf(call),
            .kind = Kind::kServer,
            .name = call.method,
            .id = Cut(call.id),
            .begun = call.begun};
  parents_.erase(&call);
  End(std::move(span), status);
}

// --- the file -------------------------------------------------------------------------------

void Tracer::Add(Span span) {
  if (ended_.size() >= kTraceSpansMax) {
    ++lost_;
    return;
  }
  ended_.push_back(std::move(span));
  if (ended_.size() == 1 && step_ == nullptr) pause_.Set(kTracePause, [this] { Flush(); });
}

void Tracer::Flush() {
  writing_ = std::exchange(ended_, {});
  step_ = std::make_unique<shim::ForkedStep>(context_.loop, context_.reaper);
  step_->Run(
      "writing a trace", kTraceTimeout, [this] { return Write(writing_); },
      [this](const absl::Status& status) {
        const std::unique_ptr<shim::ForkedStep> done = std::move(step_);  // goes when this returns
        Written(status);
        if (!ended_.empty()) pause_.Set(kTracePause, [this] { Flush(); });
      });
}

void Tracer::Written(const absl::Status& status) {
  if (!status.ok()) {
    lost_ += writing_.size();
    if (!failing_) context_.log.Warning("trace: ", status.message());  // once for a disk that fills
  }
  failing_ = !status.ok();
  writing_.clear();
}

absl::Status Tracer::Write(const std::vector<Span>& spans) const {
  // Nothing that would make a write wait, or somebody else's choice of what is written to.
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const base::UniqueFd fd(::open(file_.c_str(), kFlags, 0600));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", file_));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(file_, ": expected a regular file"));
  }
  // In one piece: the shims of other VMs may write to the same file.
  const std::string line = Format(spans);
  const ssize_t written = ::write(fd.get(), line.data(), line.size());
  if (written < 0) return base::ErrnoStatus(errno, absl::StrCat("write ", file_));
  if (static_cast<std::size_t>(written) == line.size()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(file_, ": has taken a part of a line only"));
}

std::string Tracer::Time(Clock::time_point at) const {
  return std::to_string((at.time_since_epoch() + epoch_).count());
}

std::string Tracer::Format(const std::vector<Span>& spans) const {
  json list = json::array();
  for (const Span& span : spans) {
    json item = {{"traceId", absl::StrCat(Hex(span.ids.trace_high), Hex(span.ids.trace_low))},
                 {"spanId", Hex(span.ids.span)},
                 {"name", span.name},
                 {"kind", static_cast<int>(span.kind)},
                 {"startTimeUnixNano", Time(span.begun)},
                 {"endTimeUnixNano", Time(span.ended)},
                 {"attributes", json::array({Attribute("shimgauge.id", span.id)})},
                 {"status", json::object()}};
    if (span.parent != 0) item["parentSpanId"] = Hex(span.parent);
    if (!span.status.ok()) {
      item["status"] = {{"code", kStatusError}, {"message", span.status.ToString()}};
    }
    list.push_back(std::move(item));
  }
  json scope = {{"name", "shimgauge.vm"}};
  if (lost_ > 0) scope["attributes"] = json::array({Attribute("shimgauge.spans.lost", lost_)});
  json resource = json::array(
      {Attribute("service.name", "containerd-shim-reference-v1"),
       Attribute("service.instance.id", absl::StrCat(context_.namespace_name, "/", sandbox_))});
  const json request = {
      {"resourceSpans",
       json::array({{{"resource", {{"attributes", std::move(resource)}}},
                     {"scopeSpans", json::array({{{"scope", std::move(scope)},
                                                  {"spans", std::move(list)}}})}}})}};
  // Ids and messages come from outside.
  return request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace backends
