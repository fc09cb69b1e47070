// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conformance/harness/check_context.h"

// What checks of `start` share: judging one `start` that must succeed or must be refused.
namespace conformance {

// `start`, required to be usable; ends the check otherwise.
StartResult RequireStart(CheckContext& check, const Bundle& bundle,
                         const StartOptions& options = {});

// `start` succeeds and the daemon answers Connect. `circumstance` names what is special about it.
void ExpectStarts(CheckContext& check, const Bundle& bundle, const StartOptions& options,
                  const std::string& circumstance);

// `start` is refused as START-07 asks: non-zero exit by itself, a reason in the output, neither a
// daemon nor a socket left.
void ExpectRefusal(CheckContext& check, const Bundle& bundle, const StartOptions& options,
                   const std::string& circumstance);

// The same for a `start` that has run already, with nothing but this check's daemons before it.
void JudgeRefusal(CheckContext& check, const Bundle& bundle, const StartResult& result,
                  const std::string& circumstance);

// Connects to the result's address and requires an answer to Connect.
ShimUnderTest& CheckConnects(CheckContext& check, const Bundle& bundle, const StartResult& result);

// -info output: exactly one RuntimeInfo with a name (INFO-01, INFO-03), features as JSON (INFO-04).
void JudgeRuntimeInfo(CheckContext& check, const std::string& output);
// ... that carries back the options it was given, a serialized Any.
void JudgeRuntimeInfoOptions(CheckContext& check, const std::string& output,
                             const std::string& options_any);

// Serialized containerd.runc.v1.Options naming an engine, and the Any around it.
std::string RuncOptions(const std::string& binary_name);
std::string RuncOptionsAny(const std::string& binary_name);
// A serialized Any of a type nobody knows.
std::string UnknownAny();

// "" when the file cannot be read.
std::string ReadWholeFile(const std::string& path);

// Every socket file below the check's socket directory.
std::vector<std::string> SocketFiles(CheckContext& check);

}  // namespace conformance
