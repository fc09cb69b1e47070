// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <memory>
#include <string>
#include <utility>

#include "base/unique_fd.h"

namespace conformance {

// Where a report goes: a file or standard output.
class Output {
 public:
  // kStream: every Write() is on its way at once and survives a kill; the file begins empty.
  // kWhole: nothing is seen of the file before Finish(), which replaces it in one step and with
  // its mode, so that no reader ever finds half of it. Only for files: what is no regular file is a
  // stream. A file that is itself a mount, as containers are given single ones of their host, can
  // only be written over. kAppend: a stream behind what the file holds already.
  enum class Mode { kStream, kWhole, kAppend };

  // "-" is standard output. INVALID_ARGUMENT with path and cause when it cannot be written, also
  // for kWhole: a wrong path is known before the run.
  static absl::StatusOr<std::unique_ptr<Output>> Open(const std::string& path,
                                                      Mode mode = Mode::kStream);

  // The first failure is kept and ends writing; a reader of standard output that has gone away is
  // no failure.
  void Write(absl::string_view text);
  // Puts a kWhole file in place; after a failure the previous file is still there (unless it had to
  // be written over) and nothing else is. No-op for streams.
  void Finish();
  [[nodiscard]] const absl::Status& status() const { return status_; }
  // Whether nothing can be written any more, for which there may be no status().
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  Output(std::string path, base::UniqueFd file, bool whole)
      : path_(std::move(path)), file_(std::move(file)), whole_(whole) {}
  void WriteOut(absl::string_view text);
  void Replace();
  void Overwrite();
  void WritePending();

  std::string path_;
  base::UniqueFd file_;  // not ok() for kWhole until Finish()
  bool whole_;
  std::string pending_;  // of kWhole
  bool closed_ = false;
  absl::Status status_;
};

}  // namespace conformance
