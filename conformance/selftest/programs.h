// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

namespace conformance {

// The programs a selftest runs: they lie beside this executable.
inline constexpr char kReferenceShim[] = "containerd-shim-reference-v1";
inline constexpr char kExampleShim[] = "containerd-shim-host-v1";
inline constexpr char kStandInEngine[] = "shimgauge-engine";
inline constexpr char kWireProgram[] = "shimgauge-wire";
inline constexpr char kFaultyShim[] = "faulty-shim";
inline constexpr char kFaultyEngine[] = "faulty-engine";
inline constexpr char kNullShim[] = "null-shim";
// Runs guests of WebAssembly for the reference shim, where that is built.
inline constexpr char kStage[] = "shimgauge-stage";

// This very executable, by a path that children can execute too.
std::string JudgeProgram();

// The absolute path of `name` beside this executable. FAILED_PRECONDITION says what to build.
absl::StatusOr<std::string> FindProgram(absl::string_view name);

// What --shim names: a path or a name in PATH; empty: the reference shim.
absl::StatusOr<std::string> FindSubject(const std::string& argument);

// SHA-256 of a file, in hexadecimal; "" when it cannot be read.
std::string HashOf(const std::string& path);

}  // namespace conformance
