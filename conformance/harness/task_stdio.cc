// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/task_stdio.h"

#include <absl/memory/memory.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status_macros.h"

namespace conformance {

absl::StatusOr<std::unique_ptr<FifoStdio>> FifoStdio::Make(CheckScope& scope,
                                                           const std::string& name, bool terminal,
                                                           const StdioOptions& options) {
  const fakes::FifoSetOptions wanted = {
      .standard_input = options.standard_input && options.stdin_uri.empty(),
      .standard_output = options.outputs && options.stdout_uri.empty(),
      .standard_error = options.outputs && options.stderr_uri.empty() && !terminal,
      .readers = options.readers};
  ASSIGN_OR_RETURN(std::unique_ptr<fakes::FifoSet> fifos,
                   fakes::FifoSet::Create(scope.loop(), scope.world().fifos, name, wanted));
  return absl::WrapUnique(new FifoStdio(scope, options, std::move(fifos)));
}

FifoStdio::FifoStdio(CheckScope& scope, StdioOptions options, std::unique_ptr<fakes::FifoSet> fifos)
    : scope_(scope), options_(std::move(options)), fifos_(std::move(fifos)) {}

std::string FifoStdio::stdin_path() const {
  return options_.stdin_uri.empty() ? fifos_->input_path() : options_.stdin_uri;
}

std::string FifoStdio::stdout_path() const {
  return options_.stdout_uri.empty() ? fifos_->output().path : options_.stdout_uri;
}

std::string FifoStdio::stderr_path() const {
  return options_.stderr_uri.empty() ? fifos_->error().path : options_.stderr_uri;
}

bool FifoStdio::AwaitOutput(const std::string& text) {
  std::size_t searched = 0;
  const auto found = [&] {
    const std::string& bytes = output();
    // A match may begin in what was searched before.
    const std::size_t from = searched < text.size() ? 0 : searched - text.size();
    searched = bytes.size();
    return bytes.find(text, from) != std::string::npos;
  };
  bool seen = false;
  scope_.RunUntil(
      "output of the process", [&] { return (seen = found()) || output_eof(); },
      scope_.rpc_limit());
  return seen;
}

bool FifoStdio::AwaitOutputBytes(std::size_t bytes) {
  const auto enough = [&] { return fifos_->output().total >= bytes; };
  scope_.RunUntil(
      "output of the process", [&] { return enough() || output_eof(); }, scope_.rpc_limit());
  return enough();
}

bool FifoStdio::AwaitEof() {
  return scope_.RunUntil(
      "end of the process' output", [this] { return fifos_->AllEnded(); }, scope_.rpc_limit());
}

absl::Status FifoStdio::WriteInput(const std::string& bytes) {
  // Owned by the callback as well: it may run after this wait has given up.
  auto result = std::make_shared<std::optional<absl::Status>>();
  fifos_->WriteInput(bytes, [result](absl::Status status) { *result = std::move(status); });
  const bool written = scope_.RunUntil(
      "the process reads its stdin", [&] { return result->has_value(); }, scope_.rpc_limit());
  if (!written) return absl::DeadlineExceededError("nobody reads the process' stdin");
  return **result;
}

void FifoStdio::Remove() {
  fifos_->CloseInput();
  fifos_->CloseReaders();
  for (const std::string& path :
       {fifos_->input_path(), fifos_->output().path, fifos_->error().path}) {
    if (!path.empty()) ::unlink(path.c_str());
  }
}

}  // namespace conformance
