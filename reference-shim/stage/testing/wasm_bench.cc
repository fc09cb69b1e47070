// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/testing/wasm_bench.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/testing/child_main.h"
#include "base/testing/run.h"
#include "reference-shim/stage/compile_exit.h"

namespace stage::testing {
namespace {

constexpr char kRunMark[] = "[run]\n";

const EngineEntry* FindEngine(absl::string_view name) {
  for (const EngineEntry& engine : AllEngines()) {
    if (name == engine.name) return &engine;
  }
  return nullptr;
}

// What the child is told, as words "key=value".
struct ChildOrder {
  std::string result;
  std::string path;
  GuestSpec spec{.world = {}};
};

std::vector<std::string> Words(const ChildOrder& order) {
  const GuestSpec& spec = order.spec;
  std::vector<std::string> words = {
      absl::StrCat("result=", order.result),  absl::StrCat("path=", order.path),
      absl::StrCat("engine=", spec.engine),   absl::StrCat("config=", spec.config),
      absl::StrCat("entry=", spec.entry),     absl::StrCat("memory=", spec.world.memory_bytes_max),
      absl::StrCat("fuel=", spec.world.fuel), absl::StrCat("space=", spec.address_space_bytes_max)};
  for (const std::string& arg : spec.world.args) words.push_back(absl::StrCat("arg=", arg));
  for (const std::string& env : spec.world.env) words.push_back(absl::StrCat("env=", env));
  for (const GuestWorld::Preopen& preopen : spec.world.preopens) {
    words.push_back(
        absl::StrCat(preopen.writable ? "rw=" : "ro=", preopen.host_path, ":", preopen.guest_path));
  }
  return words;
}

void Take(absl::string_view word, ChildOrder& order) {
  const std::pair<absl::string_view, absl::string_view> pair =
      absl::StrSplit(word, absl::MaxSplits('=', 1));
  const auto& [key, value] = pair;
  GuestSpec& spec = order.spec;
  const std::string text(value);
  if (key == "result") order.result = text;
  if (key == "path") order.path = text;
  if (key == "engine") spec.engine = text;
  if (key == "config") spec.config = text;
  if (key == "entry") spec.entry = text;
  if (key == "memory") (void)absl::SimpleAtoi(value, &spec.world.memory_bytes_max);
  if (key == "fuel") (void)absl::SimpleAtoi(value, &spec.world.fuel);
  if (key == "space") (void)absl::SimpleAtoi(value, &spec.address_space_bytes_max);
  if (key == "arg") spec.world.args.push_back(text);
  if (key == "env") spec.world.env.push_back(text);
  if (key == "rw" || key == "ro") {
    const std::vector<std::string> paths = absl::StrSplit(text, ':');
    spec.world.preopens.push_back(
        {.host_path = paths.at(0), .guest_path = paths.at(1), .writable = key == "rw"});
  }
}

int Threads() {
  int threads = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    ++threads;
  }
  return threads;
}

// Lines: phase, status code, kind, exit code, threads; the rest is text.
void Report(const ChildOrder& order, absl::string_view phase, const absl::Status& status,
            const GuestEnd& end) {
  base::testing::WriteFile(
      order.result, absl::StrCat(phase, "\n", static_cast<int>(status.code()), "\n",
                                 static_cast<int>(end.kind), "\n", end.code, "\n", Threads(), "\n",
                                 status.ok() ? end.text : std::string(status.message())));
}

int RunHere(const ChildOrder& order) {
  if (const std::uint64_t space = order.spec.address_space_bytes_max; space > 0) {
    const rlimit limit{space, space};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) return 1;
  }
  const EngineEntry* const entry = FindEngine(order.spec.engine);
  if (entry == nullptr) return 1;
  auto engine = entry->make(order.spec.config);
  if (!engine.ok()) return Report(order, "make", engine.status(), {}), 0;
  auto guest = (*engine)->Load(order.path, order.spec.entry);
  if (!guest.ok()) return Report(order, "load", guest.status(), {}), 0;
  if (const absl::Status status = (*guest)->Open(order.spec.world); !status.ok()) {
    return Report(order, "open", status, {}), 0;
  }
  if (const absl::Status status = (*guest)->Instantiate(); !status.ok()) {
    return Report(order, "instantiate", status, {}), 0;
  }
  (void)!::write(STDOUT_FILENO, kRunMark, sizeof kRunMark - 1);
  const GuestEnd end = (*guest)->Run();
  Report(order, "run", absl::OkStatus(), end);
  return 0;
}

GuestRun Parse(const std::string& report) {
  const std::vector<std::string> lines = absl::StrSplit(report, absl::MaxSplits('\n', 5));
  if (lines.size() != 6) return {.phase = absl::StrCat("lost: ", report)};
  GuestRun run{.phase = lines[0]};
  int code = 0;
  int kind = 0;
  EXPECT_TRUE(absl::SimpleAtoi(lines[1], &code) && absl::SimpleAtoi(lines[2], &kind) &&
              absl::SimpleAtoi(lines[3], &run.end.code) &&
              absl::SimpleAtoi(lines[4], &run.threads));
  run.end.kind = static_cast<GuestEnd::Kind>(kind);
  run.status = absl::Status(static_cast<absl::StatusCode>(code), code == 0 ? "" : lines[5]);
  if (code == 0) run.end.text = lines[5];
  return run;
}

}  // namespace

absl::StatusOr<std::string> WasmBench::Compile(absl::string_view module,
                                               const std::string& config) {
  const std::string path = directory_.File(absl::StrCat("code", ++artefacts_));
  const auto run = base::testing::RunToExit(SHIMGAUGE_WASM_COMPILE,
                                            {"--config", config, "--output", path}, module);
  if (!run.ok()) return run.status();
  const unsigned exit = run->status.ShellStatus();
  if (exit == kCompiled) return path;
  const absl::StatusCode code = exit == kModuleUnsound    ? absl::StatusCode::kInvalidArgument
                                : exit == kModuleTooLarge ? absl::StatusCode::kResourceExhausted
                                                          : absl::StatusCode::kInternal;
  return absl::Status(code, run->err);
}

GuestRun WasmBench::Run(absl::string_view module, const GuestSpec& spec) {
  const absl::StatusOr<std::string> path = Compile(module, spec.config);
  if (!path.ok()) {
    ADD_FAILURE() << path.status() << "\n" << module;
    return {};
  }
  return RunArtefact(*path, spec);
}

GuestRun WasmBench::RunArtefact(const std::string& path, const GuestSpec& spec) {
  const std::string result = directory_.File("result");
  ::unlink(result.c_str());
  const auto child = base::testing::RunToExit(
      base::testing::ChildProcess("guest", Words({.result = result, .path = path, .spec = spec})),
      spec.input);
  if (!child.ok()) {
    ADD_FAILURE() << child.status();
    return {};
  }
  GuestRun run;
  if (child->status.ShellStatus() == 0) {
    run = Parse(base::testing::ReadFile(result));
  } else {
    run.phase = absl::StrCat("died: ", child->status.ShellStatus());
  }
  run.out = child->out;
  run.err = child->err;
  return run;
}

int RunGuestChild(const std::vector<std::string>& args) {
  ChildOrder order;
  for (const std::string& word : args) Take(word, order);
  return RunHere(order);
}

}  // namespace stage::testing
