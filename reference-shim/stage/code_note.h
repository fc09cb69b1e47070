// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>

namespace stage {

// What the compiler writes behind the native code, for the engine that loads it: what that would
// otherwise find out by failing, or not at all.
struct CodeNote {
  std::string engine;  // name and version, "wasmtime 48.0.8"
  std::string config;  // wasm_config.h
  bool component = false;
  // Making an instance executes code of the guest (a start function): it has to wait for Start.
  bool starts = false;
  friend bool operator==(const CodeNote&, const CodeNote&) = default;
};

// The last so many bytes of an artefact.
inline constexpr std::size_t kCodeNoteBytes = 256;

// kCodeNoteBytes bytes. Engine and config are words of ours that fit; aborts on others.
std::string WriteCodeNote(const CodeNote& note);

// Of an artefact, whole. FAILED_PRECONDITION: not made by our compiler, or cut short.
absl::StatusOr<CodeNote> ReadCodeNote(int fd);

}  // namespace stage
