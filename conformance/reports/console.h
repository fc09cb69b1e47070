// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <memory>
#include <string>

#include "conformance/reports/output.h"

namespace conformance {

// How words are coloured on a terminal.
enum class Colour { kNone, kGood, kBad, kDim };

// Text for people: an output plus, on a terminal, one status line below it that is erased and
// redrawn.
class Console {
 public:
  struct Options {
    bool live = false;    // has a status line: a terminal
    bool colour = false;  // a terminal, and NO_COLOR is not set
  };
  Console(std::unique_ptr<Output> output, Options options)
      : output_(std::move(output)), options_(options) {}
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // What standard output is: a terminal, the environment's NO_COLOR.
  static Options StandardOutputOptions();

  // Whole lines.
  void Print(absl::string_view text);
  // Replaces the status line, cut to the terminal's width; "" removes it. No-op unless live.
  void SetStatus(std::string line);
  [[nodiscard]] std::string Paint(Colour colour, absl::string_view text) const;
  [[nodiscard]] bool live() const { return options_.live; }
  [[nodiscard]] absl::Status status() const { return output_->status(); }

 private:
  std::unique_ptr<Output> output_;
  Options options_;
  std::string line_;  // the status line as drawn; "" when there is none
};

}  // namespace conformance
