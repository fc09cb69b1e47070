// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>

// What a file is, by how it begins. Says nothing about whether the rest is sound.
namespace stage {

enum class FileKind {
  kModule,       // Wasm binary, version 1
  kComponent,    // Wasm binary, component layer
  kForeignWasm,  // begins as Wasm does, in a version that nobody here knows
  kText,         // Wasm text: "(module" or "(component" after blanks and comments
  kPrecompiled,  // native code of the engine: never taken from an image
  kElf,          // any other ELF file
  kOther,
};

// As much as the decision may need. A text whose leading comment is longer is kOther.
inline constexpr std::size_t kFileKindBytes = 4096;

// `head`: the file's first kFileKindBytes, or all of it.
FileKind KindOfBytes(absl::string_view head);

// Reads the head of a regular file and does not move its position. INVALID_ARGUMENT for anything
// but a regular file.
absl::StatusOr<FileKind> KindOfFile(int fd);

// "Wasm module", for messages.
absl::string_view FileKindName(FileKind kind);

// What can be compiled: module, component, text.
constexpr bool IsWasm(FileKind kind) {
  return kind == FileKind::kModule || kind == FileKind::kComponent || kind == FileKind::kText;
}

}  // namespace stage
