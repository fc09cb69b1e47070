// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "benchmarks/tasks/run_program.h"
#include "benchmarks/tasks/sample_table.h"
#include "benchmarks/wasm/engine_lab.h"
#include "benchmarks/wasm/shapes.h"
#include "fakes/containerd/bundle_maker.h"

namespace benchmarks::wasm {
namespace {

struct Settings {
  std::string compiler;
  std::string fixtures;
  int rounds = 200;
  bool large = true;
  std::uint64_t seed = 1;
};

constexpr Allocation kAllocations[] = {Allocation::kOnDemand, Allocation::kPooling};
// Samples of what takes milliseconds, and of what takes seconds.
constexpr int kCompilations = 8;
constexpr int kLargeCompilations = 1;

class Phases {
 public:
  explicit Phases(Settings settings)
      : settings_(std::move(settings)),
        compile_("ms", 2, settings_.seed),
        engine_("µs", 1, settings_.seed),
        steps_("µs", 1, settings_.seed),
        instantiate_("µs", 1, settings_.seed) {}
  ~Phases() {
    std::error_code error;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, error);
  }
  Phases(const Phases&) = delete;
  Phases& operator=(const Phases&) = delete;

  absl::Status Measure();
  void Print(std::FILE* out) const;

 private:
  absl::Status Compile(const Shape& shape);
  absl::Status Round(bool counts);

  Settings settings_;
  std::string directory_;
  std::vector<std::pair<Shape, std::string>> codes_;
  tasks::SampleTable compile_;
  tasks::SampleTable engine_;
  tasks::SampleTable steps_;
  tasks::SampleTable instantiate_;
};

absl::Status Phases::Compile(const Shape& shape) {
  const std::string module = absl::StrCat(directory_, "/", shape.file);
  const std::string code = module + ".code";
  ASSIGN_OR_RETURN(const std::string bytes, ModuleOf(shape, settings_.fixtures));
  RETURN_IF_ERROR(fakes::WriteTextFile(module, bytes));
  const int rounds = std::min(settings_.rounds, shape.large ? kLargeCompilations : kCompilations);
  for (int i = 0; i < rounds; ++i) {
    ASSIGN_OR_RETURN(const tasks::ProgramRun run,
                     tasks::RunProgram({.path = settings_.compiler,
                                        .argv = {settings_.compiler, "-o", code, module},
                                        .env = {},
                                        .cwd = directory_}));
    compile_.Add("compile, process and all", shape.name, tasks::Millis(run.took));
  }
  codes_.emplace_back(shape, code);
  return absl::OkStatus();
}

absl::Status Phases::Round(bool counts) {
  for (const Allocation allocation : kAllocations) {
    ASSIGN_OR_RETURN(const EngineLab lab, EngineLab::Make(allocation));
    if (counts) engine_.Add("make an engine", NameOf(allocation), tasks::Micros(lab.made()));
    for (const auto& [shape, code] : codes_) {
      // The first run on an engine pays for what is kept by it.
      RETURN_IF_ERROR(lab.Run(code, "hello").status());
      ASSIGN_OR_RETURN(const EngineTimes times, lab.Run(code, "hello"));
      if (!counts) continue;
      instantiate_.Add(absl::StrCat("instantiate ", shape.name), NameOf(allocation),
                       tasks::Micros(times.instantiate));
      if (allocation != Allocation::kOnDemand) continue;
      steps_.Add("load code", shape.name, tasks::Micros(times.load));
      steps_.Add("linker, WASI, imports", shape.name, tasks::Micros(times.link));
      steps_.Add("store, WASI context", shape.name, tasks::Micros(times.store));
      steps_.Add("instantiate", shape.name, tasks::Micros(times.instantiate));
      steps_.Add("first instruction to last", shape.name, tasks::Micros(times.call));
    }
  }
  return absl::OkStatus();
}

absl::Status Phases::Measure() {
  char pattern[] = "/tmp/wasm-phases-XXXXXX";
  if (::mkdtemp(pattern) == nullptr) return base::ErrnoStatus(errno, "mkdtemp");
  directory_ = pattern;
  for (const Shape& shape : AllShapes()) {
    if (shape.large && !settings_.large) continue;
    RETURN_IF_ERROR(base::Annotate(Compile(shape), shape.name));
  }
  for (int round = -1; round < settings_.rounds; ++round) RETURN_IF_ERROR(Round(round >= 0));
  return absl::OkStatus();
}

void Phases::Print(std::FILE* out) const {
  std::fprintf(out,
               "\n### The bare engine, in a warm process\n\n"
               "wasmtime %s by its C API, %d rounds; what the stage's phases cannot go below.\n\n"
               "%s\n%s\n%s\n%s",
               SHIMGAUGE_WASM_ENGINE_VERSION, settings_.rounds, compile_.Markdown({}).c_str(),
               engine_.Markdown({}).c_str(), steps_.Markdown({.side = HelloShape().name}).c_str(),
               instantiate_.Markdown({.side = NameOf(Allocation::kOnDemand)}).c_str());
}

// What the guests print goes nowhere; the tables go where stdout went.
std::FILE* TakeStdout() {
  const int tables = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (tables < 0 || null < 0 || ::dup2(null, STDOUT_FILENO) < 0) return nullptr;
  ::close(null);
  return ::fdopen(tables, "w");
}

int Main(int argc, char** argv) {
  Settings settings;
  CLI::App app("The phases of a module's life in the bare engine; prints Markdown.", "wasm_phases");
  app.add_option("--compiler", settings.compiler, "shimgauge-wasm-compile")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--fixtures", settings.fixtures, "directory of the programs for containers")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--rounds", settings.rounds, "samples of each")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_flag("!--no-large", settings.large, "without modules that take seconds to compile");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::error_code error;
  settings.compiler = std::filesystem::absolute(settings.compiler, error).string();
  // As the stage has it: one helper thread.
  ::setenv("TOKIO_WORKER_THREADS", "1", 1);
  std::FILE* const out = TakeStdout();
  if (out == nullptr) return 3;
  Phases phases(settings);
  const absl::Status status = phases.Measure();
  if (!status.ok()) {
    std::fprintf(stderr, "wasm_phases: %s\n", std::string(status.message()).c_str());
    return 4;
  }
  phases.Print(out);
  return std::fclose(out) == 0 ? 0 : 4;
}

}  // namespace
}  // namespace benchmarks::wasm

int main(int argc, char** argv) { return benchmarks::wasm::Main(argc, argv); }
