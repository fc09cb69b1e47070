// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

#include "reference-shim/backends/vm/process_facts.h"
#include "reference-shim/shim/call_log.h"

// Metrics in the text format of Prometheus (0.0.4), by the names that Kata Containers' shims use.
namespace backends {

// PREFIX_threads, _fds, _proc_stat, _proc_status, _io_stat. `what` is in the descriptions.
void AppendProcess(const char* prefix, const char* what, const ProcessFacts& facts,
                   std::string& text);

// kata_shim_rpc_durations_histogram_milliseconds, by "action": the method as "resize_pty".
void AppendLatencies(const shim::CallLog& calls, std::string& text);

// What a guest says of itself. It speaks for nobody else: only its families kata_agent_... and
// kata_guest_... are taken.
void AppendGuest(absl::string_view metrics, std::string& text);

}  // namespace backends
