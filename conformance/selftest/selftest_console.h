// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <set>
#include <string>

#include "conformance/reports/console.h"

namespace conformance {

// What people see of a selftest: a line for each subject that is done, and on a terminal a status
// line below with what runs now.
class SelftestConsole {
 public:
  // `total` subjects.
  static absl::StatusOr<std::unique_ptr<SelftestConsole>> Open(std::size_t total);

  void Phase(const std::string& phase);
  void Started(const std::string& subject);
  // "✓ wire  create-answers-pid-0   killed as intended   3 checks   412 ms", then `detail` on a
  // line of its own, unless empty.
  void Ended(const std::string& subject, bool good, const std::string& line,
             const std::string& detail);
  void Print(const std::string& text);
  [[nodiscard]] std::string Paint(bool good, const std::string& text) const;
  [[nodiscard]] absl::Status status() const { return console_->status(); }

 private:
  SelftestConsole(std::unique_ptr<Console> console, std::size_t total)
      : console_(std::move(console)), total_(total) {}
  void Redraw();

  std::unique_ptr<Console> console_;
  std::size_t total_;
  std::size_t done_ = 0;
  std::string phase_;
  std::set<std::string> running_;
};

// "24 s", "3 min 12 s".
std::string RunTime(std::int64_t ms);

}  // namespace conformance
