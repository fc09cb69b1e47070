// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/expectation_edit.h"

namespace conformance {

// `shimgauge expect lint FILE...`: reads the files and names what is wrong with them: what does not
// parse, entries that match no check or too many, that overlap, have expired, or that a later file
// overrides. Returns the exit code: 0 nothing, 1 something, 2 a file
// that cannot be read.
int ExpectLintCommand(const std::vector<std::string>& files, const std::vector<Check>& checks);

// The options of `shimgauge expect update RESULTS FILE` and `prune RESULTS FILE`.
struct ExpectEditOptions {
  std::string results;  // a file of --report json= or jsonl=
  std::string file;     // the expectations; `update` makes one that does not exist
  bool write = false;
  NewEntryFields fields;
};

// Prints the change as a diff, or makes it with `write` (atomically). Returns the exit code: 0
// nothing to change or written, 1 a change is proposed, 2 usage.
int ExpectUpdateCommand(const ExpectEditOptions& options, const std::vector<Check>& checks);
int ExpectPruneCommand(const ExpectEditOptions& options, const std::vector<Check>& checks);

}  // namespace conformance
