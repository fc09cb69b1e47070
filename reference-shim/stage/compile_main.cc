// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <new>
#include <optional>
#include <string>

#include "base/sha256.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "reference-shim/stage/compile_exit.h"
#include "reference-shim/stage/compile_files.h"
#include "reference-shim/stage/compiler.h"
#include "reference-shim/stage/confinement.h"
#include "reference-shim/stage/wasm_config.h"

namespace stage {
namespace {

constexpr char kNotExpected[] = "the module is not what it was: its SHA-256 is ";

struct Order {
  std::string input;   // empty: stdin
  std::string output;  // empty: output_fd
  int output_fd = -1;
  std::string config = kDefaultWasmConfig;
  std::string sha256;
  std::uint64_t input_bytes_max = 256ULL << 20;
  Confinement confinement;
};

absl::Status Compile(Order& order) {
  ASSIGN_OR_RETURN(const WasmConfig config, FindWasmConfig(order.config));
  base::UniqueFd input(STDIN_FILENO);
  if (!order.input.empty()) {
    input.reset(::open(order.input.c_str(), O_RDONLY | O_CLOEXEC));
    if (!input.ok()) return base::ErrnoStatus(errno, order.input);
  }
  std::optional<AtomicFile> file;
  if (!order.output.empty()) {
    ASSIGN_OR_RETURN(AtomicFile created, AtomicFile::Create(order.output));
    file.emplace(std::move(created));
  }
  // Renaming takes the rights of the user; a descriptor takes none.
  order.confinement.drop_user = !file.has_value();
  RETURN_IF_ERROR(Confine(order.confinement));
  ASSIGN_OR_RETURN(const std::string module, ReadInput(input.get(), order.input_bytes_max));
  if (!order.sha256.empty()) {
    const std::string digest = base::Sha256Hex(module);
    if (digest != order.sha256) return absl::AbortedError(absl::StrCat(kNotExpected, digest));
  }
  RETURN_IF_ERROR(CompileModule(module, config, file ? file->fd() : order.output_fd));
  return file ? file->Keep() : absl::OkStatus();
}

CompileExit ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kCompiled;
    case absl::StatusCode::kInvalidArgument:
      return kModuleUnsound;
    case absl::StatusCode::kResourceExhausted:
      return kModuleTooLarge;
    case absl::StatusCode::kAborted:
      return kModuleUnexpected;
    default:
      return kCompileTrouble;
  }
}

[[noreturn]] void OutOfMemory() {
  constexpr char kText[] = "shimgauge-wasm-compile: out of memory\n";
  (void)!::write(STDERR_FILENO, kText, sizeof kText - 1);
  ::_exit(kModuleTooLarge);
}

std::string Version() {
  return absl::StrCat("shimgauge-wasm-compile " SHIMGAUGE_VERSION " (", WasmEngineName(), " ",
                      WasmEngineVersion(), "; ", WasmEngineFeatures(), ")");
}

void Define(CLI::App& app, Order& order) {
  app.set_version_flag("--version", Version());
  app.add_option("module", order.input,
                 "Wasm module or component, binary or text (default: standard input)");
  auto* output = app.add_option("-o,--output", order.output,
                                "Where the native code goes; appears whole or not at all");
  app.add_option("--output-fd", order.output_fd, "Descriptor to write it to, instead")
      ->excludes(output)
      ->check(CLI::NonNegativeNumber);
  app.add_option("--config", order.config, "How the code shall run")
      ->capture_default_str()
      ->check([](const std::string& name) {
        return std::string(FindWasmConfig(name).status().message());
      });
  app.add_option("--sha256", order.sha256, "Compile only what has this digest");
  app.add_option("--input-max", order.input_bytes_max, "Bytes of the module")
      ->capture_default_str();
  app.add_option("--output-max", order.confinement.file_bytes_max, "Bytes of the native code");
  app.add_option("--memory-max", order.confinement.memory_bytes_max, "Bytes of address space");
  app.add_option("--cpu-max", order.confinement.cpu_seconds_max, "Seconds of CPU time");
  app.footer(
      "Exit codes: 0 compiled, 1 trouble, 2 command line, 3 no sound module, 4 too large,\n"
      "5 not the module that --sha256 names.");
}

}  // namespace
}  // namespace stage

int main(int argc, char** argv) {
  std::set_new_handler(&stage::OutOfMemory);
  CLI::App app("Compiles WebAssembly to native code that shimgauge-stage runs");
  stage::Order order;
  stage::Define(app, order);
  try {
    app.parse(argc, argv);
    if (order.output.empty() && order.output_fd < 0) {
      throw CLI::RequiredError("--output or --output-fd");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? stage::kCompiled : stage::kCompileUsage;
  }
  const absl::Status status = stage::Compile(order);
  if (!status.ok()) {
    std::fprintf(stderr, "shimgauge-wasm-compile: %s\n", std::string(status.message()).c_str());
  }
  return stage::ExitCodeOf(status);
}
