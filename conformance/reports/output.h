// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace conformance {

// Where a report goes: a file, written from the start, or standard output.
class Output {
 public:
  // "-" is standard output. The file is created now, so that a wrong path is known before the run.
  static absl::StatusOr<std::unique_ptr<Output>> Open(const std::string& path);

  // Writes everything at once, without buffering: what was written survives a kill. The first
  // failure is kept and ends writing; a reader of standard output that has gone away is no failure.
  void Write(absl::string_view text);
  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  Output(std::string path, base::UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  base::UniqueFd file_;
  bool closed_ = false;
  absl::Status status_;
};

}  // namespace conformance
