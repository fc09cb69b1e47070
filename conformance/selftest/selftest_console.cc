// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/selftest_console.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <utility>

#include "base/status_macros.h"
#include "conformance/reports/output.h"

namespace conformance {

absl::StatusOr<std::unique_ptr<SelftestConsole>> SelftestConsole::Open(std::size_t total) {
  ASSIGN_OR_RETURN(std::unique_ptr<Output> output, Output::Open("-"));
  auto console = std::make_unique<Console>(std::move(output), Console::StandardOutputOptions());
  return std::unique_ptr<SelftestConsole>(new SelftestConsole(std::move(console), total));
}

void SelftestConsole::Phase(const std::string& phase) {
  phase_ = phase;
  Redraw();
}

void SelftestConsole::Started(const std::string& subject) {
  running_.insert(subject);
  Redraw();
}

void SelftestConsole::Ended(const std::string& subject, bool good, const std::string& line,
                            const std::string& detail) {
  running_.erase(subject);
  ++done_;
  const char* const bullet = good ? "\u2713 " : "\u2717 ";
  Print(absl::StrCat(Paint(good, bullet), line, "\n",
                     detail.empty() ? "" : absl::StrCat("    ", detail, "\n")));
  Redraw();
}

void SelftestConsole::Print(const std::string& text) { console_->Print(text); }

std::string SelftestConsole::Paint(bool good, const std::string& text) const {
  return console_->Paint(good ? Colour::kGood : Colour::kBad, text);
}

void SelftestConsole::Redraw() {
  console_->SetStatus(absl::StrCat(done_, "/", total_, "  ",
                                   running_.empty() ? phase_ : absl::StrJoin(running_, "  ")));
}

std::string RunTime(std::int64_t ms) {
  const std::int64_t seconds = (ms + 500) / 1000;
  if (seconds < 1) return absl::StrCat(ms, " ms");
  if (seconds < 120) return absl::StrCat(seconds, " s");
  return absl::StrCat(seconds / 60, " min ", seconds % 60, " s");
}

}  // namespace conformance
