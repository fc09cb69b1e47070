// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "conformance/harness/check_context_scope.h"
#include "conformance/harness/task.h"
#include "fakes/containerd/fifo_set.h"

namespace conformance {

// ClientStdio over FIFOs, with verbatim values in place of those a check supplied itself.
class FifoStdio : public ClientStdio {
 public:
  // Makes the FIFOs `name`-stdin and so on. A terminal has no stderr (IO-40).
  static absl::StatusOr<std::unique_ptr<FifoStdio>> Make(CheckScope& scope, const std::string& name,
                                                         bool terminal,
                                                         const StdioOptions& options);

  std::string stdin_path() const override;
  std::string stdout_path() const override;
  std::string stderr_path() const override;
  const std::string& output() const override { return fifos_->output().bytes; }
  const std::string& error() const override { return fifos_->error().bytes; }
  bool output_eof() const override { return fifos_->output().ended; }
  bool error_eof() const override { return fifos_->error().ended; }
  bool AwaitOutput(const std::string& text) override;
  bool AwaitOutputBytes(std::size_t bytes) override;
  bool AwaitEof() override;
  absl::Status WriteInput(const std::string& bytes) override;
  void CloseInput() override { fifos_->CloseInput(); }
  void CloseReaders() override { fifos_->CloseReaders(); }
  void PauseReading() override { fifos_->PauseReading(); }
  absl::Status ReopenReaders() override { return fifos_->ReopenReaders(); }
  absl::Status ReopenInput() override { return fifos_->ReopenInput(); }

  // Closes every end and unlinks the FIFOs: the check is over.
  void Remove();

 private:
  FifoStdio(CheckScope& scope, StdioOptions options, std::unique_ptr<fakes::FifoSet> fifos);

  CheckScope& scope_;
  const StdioOptions options_;
  std::unique_ptr<fakes::FifoSet> fifos_;
};

}  // namespace conformance
