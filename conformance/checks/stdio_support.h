// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conformance/harness/check_context.h"

// What the checks of standard streams share (contract §6).
namespace conformance {

// A container whose client holds the writing end of its stdin.
CreateOptions WithStdin();
// The same process on a terminal.
ProcessSpec OnTerminal(ProcessSpec process);

// What a pipe takes without a reader, however small the kernel has made it: a page.
inline constexpr std::size_t kFitsAnyPipe = 4000;

bool IsFifo(const std::string& path);

// `bytes` of the pattern that `emit` writes, from offset 0.
std::string Pattern(std::size_t bytes);
// All of `text` is the pattern from offset 0, and there are `bytes` of it.
void ExpectPattern(CheckContext& check, const std::string& text, std::size_t bytes,
                   const std::string& stream);

// Beside something that is stuck: State of `task` is answered, and an exec in it lives its whole
// life with its output.
void ExpectUndisturbed(CheckContext& check, const Task& task, const std::string& beside);

// The parts AddStdioChecks is made of, one per stdio_*.cc.
void AddStdioOutputChecks(std::vector<Check>& checks);    // §6.1: sizes and readers
void AddStdioInputChecks(std::vector<Check>& checks);     // §6.1: stdin
void AddStdioLoggerChecks(std::vector<Check>& checks);    // §6.2: files and loggers
void AddStdioTerminalChecks(std::vector<Check>& checks);  // §6.3

}  // namespace conformance
