// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/prometheus_text.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <cstddef>
#include <cstdint>

namespace backends {
namespace {

void AppendHead(absl::string_view name, absl::string_view help, const char* type,
                std::string& text) {
  absl::StrAppend(&text, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
}

void AppendGauge(absl::string_view name, absl::string_view help, std::uint64_t value,
                 std::string& text) {
  AppendHead(name, help, "gauge", text);
  absl::StrAppend(&text, name, " ", value, "\n");
}

void AppendItems(absl::string_view name, absl::string_view help, const ProcessFacts::Items& items,
                 std::string& text) {
  if (items.empty()) return;
  AppendHead(name, help, "gauge", text);
  for (const auto& [item, value] : items) {
    absl::StrAppend(&text, name, "{item=\"", item, "\"} ", value, "\n");
  }
}

// "ResizePty" to "resize_pty", "CloseIO" to "close_io".
std::string ActionOf(absl::string_view method) {
  std::string action;
  for (std::size_t i = 0; i < method.size(); ++i) {
    const bool word = i > 0 && absl::ascii_isupper(static_cast<unsigned char>(method[i])) &&
                      !absl::ascii_isupper(static_cast<unsigned char>(method[i - 1]));
    if (word) action += '_';
    action += absl::ascii_tolower(static_cast<unsigned char>(method[i]));
  }
  return action;
}

}  // namespace

void AppendProcess(const char* prefix, const char* what, const ProcessFacts& facts,
                   std::string& text) {
  const auto name = [prefix](const char* rest) { return absl::StrCat(prefix, rest); };
  const auto help = [what](const char* rest) { return absl::StrCat(what, rest); };
  AppendGauge(name("_threads"), help(" threads."), facts.threads, text);
  AppendGauge(name("_fds"), help(" open descriptors."), facts.fds, text);
  AppendItems(name("_proc_stat"), help(" processor time in ticks."), facts.stat, text);
  AppendItems(name("_proc_status"), help(" memory in bytes, and context switches."), facts.status,
              text);
  AppendItems(name("_io_stat"), help(" input and output."), facts.io, text);
}

void AppendLatencies(const shim::CallLog& calls, std::string& text) {
  constexpr char kName[] = "kata_shim_rpc_durations_histogram_milliseconds";
  if (calls.latencies().empty()) return;
  AppendHead(kName, "How long calls of the shim took.", "histogram", text);
  for (const auto& [method, latencies] : calls.latencies()) {
    const std::string action = ActionOf(method);
    std::uint64_t below = 0;
    for (int bound = 0; bound < shim::CallLog::kBounds; ++bound) {
      below += latencies.buckets[static_cast<std::size_t>(bound)];
      absl::StrAppend(&text, kName, "_bucket{action=\"", action, "\",le=\"", 1U << bound, "\"} ",
                      below, "\n");
    }
    absl::StrAppend(&text, kName, "_bucket{action=\"", action, "\",le=\"+Inf\"} ", latencies.count,
                    "\n", kName, "_sum{action=\"", action, "\"} ", latencies.milliseconds, "\n",
                    kName, "_count{action=\"", action, "\"} ", latencies.count, "\n");
  }
}

void AppendGuest(absl::string_view metrics, std::string& text) {
  for (const absl::string_view line : absl::StrSplit(metrics, '\n')) {
    absl::string_view name = line;
    if (!absl::ConsumePrefix(&name, "# HELP ")) absl::ConsumePrefix(&name, "# TYPE ");
    if (!absl::StartsWith(name, "kata_agent_") && !absl::StartsWith(name, "kata_guest_")) continue;
    absl::StrAppend(&text, line, "\n");
  }
}

}  // namespace backends
