// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// The engine of the stage: runs code that was compiled before (shimgauge-wasm-compile), and
// compiles nothing. A row in engines.cc adds one.
namespace stage {

// What a guest gets to see. Everything else of the world stays out of its reach.
struct GuestWorld {
  std::vector<std::string> args;  // argv, the program's name included
  std::vector<std::string> env;   // "K=V", exactly as the spec has them
  struct Preopen {
    std::string host_path;   // absolute, where the stage sees it now
    std::string guest_path;  // absolute, what the guest calls it
    bool writable = false;
  };
  std::vector<Preopen> preopens;
  // Of its linear memories and tables together; growing beyond it fails as memory.grow does.
  // 0: no limit of our own.
  std::uint64_t memory_bytes_max = 0;
  // What it may execute, about one unit per instruction; out of it, it traps. 0: no limit, and the
  // only value for a configuration that does not count (wasm_config.h).
  std::uint64_t fuel = 0;
};

// How a guest ended.
struct GuestEnd {
  enum class Kind {
    kReturned,  // from its entry point
    kExited,    // by proc_exit (or wasi:cli/exit); `code` is its own, 0 to 255
    kTrapped,   // `text` says which trap and where
  };
  Kind kind = Kind::kReturned;
  int code = 0;
  std::string text;
};

// A loaded program on its way to its one run. Calls in the order of declaration, each once, in one
// process that does not fork after Open(): an engine may start threads from then on.
class WasmGuest {
 public:
  virtual ~WasmGuest() = default;

  // Opens preopens and whatever else of the file system it needs: afterwards the process may change
  // root, user and rights. Descriptors 0, 1 and 2 are the guest's. Errors name the preopen.
  virtual absl::Status Open(const GuestWorld& world) = 0;

  // Everything that can be done before the first instruction: memories, tables, data segments, not
  // the start function. INVALID_ARGUMENT names an import that nobody provides and an entry point
  // that is missing or takes parameters.
  virtual absl::Status Instantiate() = 0;

  // Runs the start function and the entry point to the end.
  virtual GuestEnd Run() = 0;
};

class WasmEngine {
 public:
  virtual ~WasmEngine() = default;

  // Loads what this engine's compiler made. `path` may be one below /proc/self/fd; the file is
  // mapped and must not change. `entry`: the exported function to call; empty: the command's own
  // ("_start", wasi:cli/run). FAILED_PRECONDITION for code of another engine, version or
  // configuration: compile it again. The guest borrows the engine.
  virtual absl::StatusOr<std::unique_ptr<WasmGuest>> Load(const std::string& path,
                                                          absl::string_view entry) = 0;
};

struct EngineEntry {
  const char* name;     // "wasmtime"
  const char* version;  // of the engine: part of the key of compiled code
  // `config`: a name that compiler and stage give the same meaning (wasm_config.h).
  absl::StatusOr<std::unique_ptr<WasmEngine>> (*make)(absl::string_view config);
};

absl::Span<const EngineEntry> AllEngines();

}  // namespace stage
