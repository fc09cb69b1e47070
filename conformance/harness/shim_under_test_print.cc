// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/escaping.h>

#include <ostream>

#include "conformance/harness/shim_under_test.h"

namespace conformance {
namespace {

constexpr std::size_t kPrintedBytesMax = 500;

void PrintText(const char* name, const std::string& text, std::ostream* out) {
  if (text.empty()) return;
  *out << ", " << name << " \"" << absl::CHexEscape(text.substr(0, kPrintedBytesMax))
       << (text.size() > kPrintedBytesMax ? "\"..." : "\"");
}

}  // namespace

void PrintTo(const CommandResult& result, std::ostream* out) {
  if (result.timed_out) {
    *out << "killed at its deadline";
  } else if (result.exit.signal != 0) {
    *out << "ended by signal " << result.exit.signal;
  } else {
    *out << "exit code " << result.exit.code;
  }
  *out << " after " << result.took.count() / 1000 << " ms";
  PrintText("stdout", result.standard_output, out);
  PrintText("stderr", result.standard_error, out);
}

void PrintTo(const StartResult& result, std::ostream* out) {
  *out << "start (" << DialectName(result.dialect) << ") ";
  PrintTo(result.command, out);
  if (!result.eof_seen) *out << ", output still open a second later";
  if (result.command.timed_out || !result.command.ExitedWith(0)) return;
  if (result.parse_status.ok()) {
    *out << ", version " << result.version << " over " << result.protocol << " at "
         << result.address;
  } else {
    *out << ", result unusable: " << result.parse_status.message();
  }
}

void PrintTo(const DeleteResult& result, std::ostream* out) {
  *out << "delete ";
  PrintTo(result.command, out);
  if (!result.decodable) {
    *out << ", stdout is no DeleteResponse";
    return;
  }
  *out << ", pid " << result.pid << ", exit_status " << result.exit_status << ", exited_at "
       << result.exited_at_ns;
}

void PrintTo(const ConnectInfo& info, std::ostream* out) {
  *out << "shim_pid " << info.shim_pid << ", task_pid " << info.task_pid << ", version \""
       << info.version << "\"";
}

}  // namespace conformance
