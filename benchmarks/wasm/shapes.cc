// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wasm/shapes.h"

#include <absl/strings/str_cat.h>

#include <fstream>
#include <iterator>

#include "base/status_macros.h"
#include "fakes/containerd/bundle_maker.h"

namespace benchmarks::wasm {
namespace {

constexpr char kEmpty[] = R"((module (func (export "_start"))))";
constexpr char kSmallMemory[] = R"((module
  (memory (export "memory") 1)
  (func (export "_start") (i32.store (i32.const 0) (i32.const 1)))))";

// A kilobyte at the beginning of every fourth page: images of memories are made page by page.
std::string DataSegments() {
  constexpr int kSegments = 64;
  constexpr int kDistance = 16 * 1024;
  std::string text = absl::StrCat("(module (memory (export \"memory\") ",
                                  kSegments * kDistance / 65536 + 1, ")\n");
  for (int i = 0; i < kSegments; ++i) {
    absl::StrAppend(&text, "  (data (i32.const ", i * kDistance, ") \"",
                    std::string(1024, static_cast<char>('a' + i % 26)), "\")\n");
  }
  return absl::StrCat(text, "  (func (export \"_start\") (drop (i32.load (i32.const 0)))))");
}

std::vector<Shape> MakeShapes() {
  return {
      {.name = "empty", .file = "empty.wat", .args = {}, .fixture = "", .text = kEmpty},
      {.name = "small memory",
       .file = "small-memory.wat",
       .args = {},
       .fixture = "",
       .text = kSmallMemory},
      {.name = "data segments",
       .file = "data-segments.wat",
       .args = {},
       .fixture = "",
       .text = DataSegments()},
      {.name = "hello",
       .file = "hello.wasm",
       .args = {"hello"},
       .fixture = "print_args.wasm",
       .text = ""},
      {.name = "1 MiB",
       .file = "large-1mib.wasm",
       .args = {},
       .fixture = "large_1mib.wasm",
       .text = "",
       .large = true},
      {.name = "20 MiB",
       .file = "large-20mib.wasm",
       .args = {},
       .fixture = "large_20mib.wasm",
       .text = "",
       .large = true},
  };
}

}  // namespace

const std::vector<Shape>& AllShapes() {
  static const auto* const kShapes = new std::vector<Shape>(MakeShapes());
  return *kShapes;
}

const Shape& HelloShape() { return AllShapes()[3]; }

absl::StatusOr<std::string> ModuleOf(const Shape& shape, const std::string& fixtures) {
  if (shape.fixture.empty()) return shape.text;
  const std::string path = absl::StrCat(fixtures, "/wasm/", shape.fixture);
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (bytes.empty()) {
    return absl::NotFoundError(
        absl::StrCat(path, ": expected the module \"", shape.name, "\" (target `fixtures`)"));
  }
  return bytes;
}

absl::Status WriteModules(const std::string& fixtures, const std::string& directory) {
  for (const Shape& shape : AllShapes()) {
    ASSIGN_OR_RETURN(const std::string bytes, ModuleOf(shape, fixtures));
    RETURN_IF_ERROR(fakes::WriteTextFile(absl::StrCat(directory, "/", shape.file), bytes));
  }
  const Shape pause{.name = "pause", .file = "", .args = {}, .fixture = kPauseModule, .text = ""};
  ASSIGN_OR_RETURN(const std::string bytes, ModuleOf(pause, fixtures));
  return fakes::WriteTextFile(absl::StrCat(directory, "/", kPauseModule), bytes);
}

}  // namespace benchmarks::wasm
