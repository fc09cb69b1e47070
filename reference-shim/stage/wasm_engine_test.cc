// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/wasm_engine.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "base/testing/leak_guard.h"
#include "base/testing/sanitizer.h"
#include "reference-shim/stage/code_note.h"
#include "reference-shim/stage/testing/wasm_bench.h"
#include "reference-shim/stage/wasm_config.h"

namespace stage {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::EndsWith;
using testing::GuestRun;
using testing::GuestSpec;
using ::testing::HasSubstr;
using testing::WasmBench;
using Kind = GuestEnd::Kind;

// A command whose _start does `body`, with what it may import from WASI.
std::string Command(absl::string_view body, absl::string_view fields = "") {
  return absl::StrReplaceAll(R"((module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "fd_write"
      (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read"
      (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $argc (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $envc (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
      (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 1)
    ;; Bytes 0 to 1023 are scratch: an iovec at 16, its buffer at 1024.
    (func $print (param $at i32) (param $size i32)
      (i32.store (i32.const 16) (local.get $at))
      (i32.store (i32.const 20) (local.get $size))
      (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
    @FIELDS
    (func (export "_start") @BODY)))",
                             {{"@FIELDS", fields}, {"@BODY", body}});
}

// As a component of one core module, whose `run` does `body` and leaves an i32: 0 is ok.
std::string CommandComponent(absl::string_view body, absl::string_view fields = "") {
  return absl::StrReplaceAll(R"((component
    (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
    (core func $exit (canon lower (func $exit "exit")))
    (core module $module
      (import "cli" "exit" (func $exit (param i32)))
      @FIELDS
      (func (export "run") (result i32) @BODY))
    (core instance $instance
      (instantiate $module (with "cli" (instance (export "exit" (func $exit))))))
    (func $run (result (result)) (canon lift (core func $instance "run")))
    (instance $command (export "run" (func $run)))
    (export "other" (func $run))
    (export "wasi:cli/run@0.2.0" (instance $command))))",
                             {{"@FIELDS", fields}, {"@BODY", body}});
}

class WasmEngineTest : public base::testing::ProcessTest,
                       public ::testing::WithParamInterface<EngineEntry> {
 protected:
  GuestSpec Spec(const std::string& entry = "") const {
    return {.engine = GetParam().name, .entry = entry};
  }
  GuestRun Run(absl::string_view module) { return bench_.Run(module, Spec()); }

  WasmBench bench_;
};

INSTANTIATE_TEST_SUITE_P(AllEngines, WasmEngineTest, ::testing::ValuesIn(AllEngines()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(WasmEngineTest, ReturnsFromItsEntry) {
  const GuestRun run = Run(Command(""));
  EXPECT_EQ(run.phase, "run") << run.status;
  EXPECT_EQ(run.end.kind, Kind::kReturned);
}

TEST_P(WasmEngineTest, ExitCodesAreTheGuestsOwn) {
  for (const int code : {0, 1, 42, 125, 126, 127, 128, 255}) {
    const GuestRun run = Run(Command(absl::StrCat("(call $exit (i32.const ", code, "))")));
    EXPECT_EQ(run.end.kind, Kind::kExited) << code << run.end.text;
    EXPECT_EQ(run.end.code, code);
  }
  EXPECT_EQ(Run(Command("(call $exit (i32.const 0x12307))")).end.code, 7);
}

TEST_P(WasmEngineTest, ArgsAndEnvironmentAreExactlyThose) {
  GuestSpec spec = Spec();
  spec.world.args = {"/app.wasm", "", "two words", "a=b", "é"};
  spec.world.env = {"B=2", "A=1", "A=again", "EMPTY=", "EQ=a=b", "SPACE= x "};
  const GuestRun run = bench_.Run(Command(R"(
      (drop (call $argc (i32.const 0) (i32.const 4)))
      (drop (call $args (i32.const 64) (i32.const 1024)))
      (call $print (i32.const 1024) (i32.load (i32.const 4)))
      (drop (call $envc (i32.const 0) (i32.const 4)))
      (drop (call $env (i32.const 64) (i32.const 1024)))
      (call $print (i32.const 1024) (i32.load (i32.const 4))))"),
                                  spec);
  std::string expected = "[run]\n";
  for (const auto& words : {spec.world.args, spec.world.env}) {
    for (const std::string& word : words) absl::StrAppend(&expected, word, std::string(1, '\0'));
  }
  EXPECT_EQ(run.out, expected) << run.status << run.end.text;
}

TEST_P(WasmEngineTest, RefusesWordsThatWasiCannotCarry) {
  GuestSpec spec = Spec();
  spec.world.args = {"ok", "\xff"};
  GuestRun run = bench_.Run(Command(""), spec);
  EXPECT_EQ(run.phase, "open");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(run.status.message(), AllOf(HasSubstr("args[1]"), HasSubstr("UTF-8")));
  for (const char* entry : {"NOEQUALS", "=x"}) {
    spec.world = {.args = {"ok"}, .env = {"A=1", entry}};
    run = bench_.Run(Command(""), spec);
    EXPECT_EQ(run.phase, "open");
    EXPECT_THAT(run.status.message(), AllOf(HasSubstr("env[1]"), HasSubstr(entry)));
  }
}

TEST_P(WasmEngineTest, CopiesStdinToStdout) {
  GuestSpec spec = Spec();
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&spec.input, i, " ");
  const GuestRun run = bench_.Run(Command(R"(
      (loop $more
        (i32.store (i32.const 32) (i32.const 1024))
        (i32.store (i32.const 36) (i32.const 8192))
        (drop (call $read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 40)))
        (call $print (i32.const 1024) (i32.load (i32.const 40)))
        (br_if $more (i32.load (i32.const 40)))))"),
                                  spec);
  EXPECT_EQ(run.out, absl::StrCat("[run]\n", spec.input)) << run.end.text;
}

TEST_P(WasmEngineTest, TrapsSayWhichAndWhere) {
  const struct {
    const char* body;
    const char* fields;
    const char* text;
  } kCases[] = {
      {"(unreachable)", "", "unreachable"},
      {"(drop (i32.div_s (i32.const 1) (i32.const 0)))", "", "divide by zero"},
      {"(drop (i32.load (i32.const 65536)))", "", "out of bounds memory access"},
      {"(call_indirect (i32.const 0))", "(table 1 funcref)", "uninitialized element"},
      {"(call $deeper)", "(func $deeper (call $deeper) (call $deeper))", "call stack exhausted"},
  };
  for (const auto& test : kCases) {
    const GuestRun run = Run(Command(test.body, test.fields));
    EXPECT_EQ(run.end.kind, Kind::kTrapped) << test.body << run.phase << run.status;
    EXPECT_THAT(run.end.text, HasSubstr(test.text));
    EXPECT_LE(run.end.text.size(), 4096U);
  }
  EXPECT_THAT(Run(Command("(call $culprit)", "(func $culprit (unreachable))")).end.text,
              HasSubstr("culprit"));
}

TEST_P(WasmEngineTest, NamesAMissingImport) {
  const GuestRun run =
      Run(R"((module (import "nowhere" "nothing" (func)) (func (export "_start"))))");
  EXPECT_EQ(run.phase, "instantiate");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(run.status.message(), AllOf(HasSubstr("nowhere"), HasSubstr("nothing")));
}

TEST_P(WasmEngineTest, NamesAnImportOfAnotherType) {
  const GuestRun run = Run(R"((module
      (import "wasi_snapshot_preview1" "proc_exit" (func (param i64)))
      (func (export "_start"))))");
  EXPECT_EQ(run.phase, "instantiate");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(run.status.message(), HasSubstr("proc_exit"));
}

TEST_P(WasmEngineTest, NamesAMissingEntry) {
  const std::string module =
      R"((module (func (export "serve")) (func (export "add") (param i32 i32)) (memory (export "memory") 1)))";
  GuestRun run = Run(module);
  EXPECT_EQ(run.phase, "instantiate");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(run.status.message(), AllOf(HasSubstr("_start"), HasSubstr("serve")));

  run = bench_.Run(module, Spec("memory"));
  EXPECT_EQ(run.phase, "instantiate");
  run = bench_.Run(module, Spec("add"));
  EXPECT_EQ(run.phase, "instantiate");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(run.status.message(), AllOf(HasSubstr("add"), HasSubstr("2 parameters")));
}

TEST_P(WasmEngineTest, RunsTheNamedEntry) {
  const std::string module = Command("(call $exit (i32.const 1))", R"(
      (func (export "other") (result i32 i64)
        (call $exit (i32.const 2)) (i32.const 0) (i64.const 0)))");
  EXPECT_EQ(bench_.Run(module, Spec("other")).end.code, 2);
  EXPECT_EQ(bench_.Run(module, Spec("_start")).end.code, 1);
}

// A reactor has no main program: its _initialize comes before whatever is called.
TEST_P(WasmEngineTest, InitializesAReactor) {
  const GuestRun run = bench_.Run(R"((module
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (global $ready (mut i32) (i32.const 0))
      (func (export "_initialize") (global.set $ready (i32.const 5)))
      (func (export "serve") (call $exit (global.get $ready)))))",
                                  Spec("serve"));
  EXPECT_EQ(run.end.code, 5) << run.end.text;
}

// Nothing of the guest runs before Run(): its start function neither.
TEST_P(WasmEngineTest, StartFunctionsRunInRun) {
  const std::string start = R"(
      (data (i32.const 1024) "start")
      (func $begin (call $print (i32.const 1024) (i32.const 5)))
      (start $begin))";
  GuestRun run = Run(Command("(call $exit (i32.const 3))", start));
  EXPECT_EQ(run.out, "[run]\nstart");
  EXPECT_EQ(run.end.code, 3);

  run = Run(Command("", "(func $begin (unreachable)) (start $begin)"));
  EXPECT_EQ(run.end.kind, Kind::kTrapped);
  EXPECT_THAT(run.end.text, HasSubstr("unreachable"));

  run = Run(Command("", "(func $begin (call $exit (i32.const 9))) (start $begin)"));
  EXPECT_EQ(run.end.kind, Kind::kExited);
  EXPECT_EQ(run.end.code, 9);

  run = Run(R"((module (import "no" "body" (func $f)) (start $f) (func (export "_start"))))");
  EXPECT_EQ(run.phase, "instantiate") << "imports are checked early all the same";
}

TEST_P(WasmEngineTest, RefusesDataOutsideOfItsMemory) {
  const GuestRun run =
      Run(R"((module (memory 1) (data (i32.const 65536) "x") (func (export "_start"))))");
  EXPECT_EQ(run.phase, "instantiate");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kInvalidArgument);
}

// Exits with the errno of path_open(preopen 3, path, oflags, rights).
std::string Opens(absl::string_view path, int oflags, int rights) {
  return Command(
      absl::StrCat("(call $exit (call $open (i32.const 3) (i32.const 1) (i32.const 1024) ",
                   "(i32.const ", path.size(), ") (i32.const ", oflags, ") (i64.const ", rights,
                   ") (i64.const 0) (i32.const 0) (i32.const 0)))"),
      absl::StrCat("(data (i32.const 1024) \"", path, "\")"));
}
constexpr int kCreate = 1;
constexpr int kRightsRead = 2;
constexpr int kRightsWrite = 64;

TEST_P(WasmEngineTest, PreopensAreReadOnlyOrNot) {
  const std::string host = temp_.File("data");
  ASSERT_EQ(::mkdir(host.c_str(), 0755), 0);
  base::testing::WriteFile(host + "/there", "text");
  base::testing::WriteFile(temp_.File("secret"), "text");
  ASSERT_EQ(::symlink("/etc/passwd", (host + "/absolute").c_str()), 0);
  ASSERT_EQ(::symlink("../secret", (host + "/upwards").c_str()), 0);
  GuestSpec spec = Spec();
  for (const bool writable : {false, true}) {
    spec.world.preopens = {{.host_path = host, .guest_path = "/data", .writable = writable}};
    EXPECT_EQ(bench_.Run(Opens("there", 0, kRightsRead), spec).end.code, 0);
    EXPECT_EQ(bench_.Run(Opens("absent", 0, kRightsRead), spec).end.code, 44) << "ENOENT";
    for (const char* way_out : {"../secret", "absolute", "upwards", "/etc/passwd"}) {
      EXPECT_NE(bench_.Run(Opens(way_out, 0, kRightsRead), spec).end.code, 0) << way_out;
    }
    const bool created = bench_.Run(Opens("new", kCreate, kRightsWrite), spec).end.code == 0;
    EXPECT_EQ(created, writable);
    EXPECT_EQ(std::filesystem::exists(host + "/new"), writable);
    EXPECT_EQ(bench_.Run(Opens("there", 0, kRightsWrite), spec).end.code == 0, writable);
  }
}

TEST_P(WasmEngineTest, NothingIsOpenWithoutPreopens) {
  EXPECT_EQ(Run(Opens("etc", 0, kRightsRead)).end.code, 8) << "EBADF";
}

TEST_P(WasmEngineTest, NamesAPreopenThatIsNotThere) {
  GuestSpec spec = Spec();
  spec.world.preopens = {{.host_path = temp_.File("absent"), .guest_path = "/data"}};
  const GuestRun run = bench_.Run(Command(""), spec);
  EXPECT_EQ(run.phase, "open");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(run.status.message(), AllOf(HasSubstr("absent"), HasSubstr("/data")));
}

// File operations and timers start no more than one helper.
TEST_P(WasmEngineTest, KeepsItsThreadsFew) {
  GuestSpec spec = Spec();
  spec.world.preopens = {{.host_path = temp_.path(), .guest_path = "/", .writable = true}};
  const GuestRun run = bench_.Run(Opens("new", kCreate, kRightsWrite), spec);
  EXPECT_EQ(run.end.code, 0);
  EXPECT_LE(run.threads, 2);
}

constexpr int kPageBytes = 65536;

// Grows until it must not, exits with the number of its pages.
std::string Grows(absl::string_view fields = "") {
  return Command(R"(
      (loop $more
        (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (call $exit (memory.size)))",
                 fields);
}

TEST_P(WasmEngineTest, MemoryEndsAtItsLimit) {
  GuestSpec spec = Spec();
  spec.world.memory_bytes_max = 16 * kPageBytes;
  EXPECT_EQ(bench_.Run(Grows(), spec).end.code, 16);
  spec.world.memory_bytes_max = 16 * kPageBytes - 1;
  EXPECT_EQ(bench_.Run(Grows(), spec).end.code, 15);
}

TEST_P(WasmEngineTest, TheLimitCoversAllMemoriesAndTables) {
  GuestSpec spec = Spec();
  spec.world.memory_bytes_max = 16 * kPageBytes;
  EXPECT_EQ(bench_.Run(Grows("(memory 4)"), spec).end.code, 12);
  EXPECT_EQ(bench_.Run(Grows("(table 8192 funcref)"), spec).end.code, 15);
}

TEST_P(WasmEngineTest, RefusesAMemoryThatBeginsBeyondItsLimit) {
  GuestSpec spec = Spec();
  spec.world.memory_bytes_max = 16 * kPageBytes;
  const GuestRun run = bench_.Run(R"((module (memory 17) (func (export "_start"))))", spec);
  EXPECT_EQ(run.phase, "instantiate");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(run.status.message(), HasSubstr("memory"));
}

TEST_P(WasmEngineTest, FuelEndsALoop) {
  GuestSpec spec = Spec();
  spec.config = "fuel";
  EXPECT_EQ(bench_.Run(Command("(call $exit (i32.const 4))"), spec).end.code, 4) << "no limit";
  spec.world.fuel = 100'000;
  EXPECT_EQ(bench_.Run(Command("(call $exit (i32.const 4))"), spec).end.code, 4);
  const GuestRun run = bench_.Run(Command("(loop $for_ever (br $for_ever))"), spec);
  EXPECT_EQ(run.end.kind, Kind::kTrapped);
  EXPECT_THAT(run.end.text, HasSubstr("fuel"));

  spec.config = "default";
  EXPECT_EQ(bench_.Run(Command(""), spec).phase, "open") << "code that does not count";
}

TEST_P(WasmEngineTest, EveryConfigurationRuns) {
  GuestSpec spec = Spec();
  for (const WasmConfig& config : AllWasmConfigs()) {
    spec.config = config.name;
    EXPECT_EQ(bench_.Run(Command("(call $exit (i32.const 6))"), spec).end.code, 6) << config.name;
  }
}

TEST_P(WasmEngineTest, SmallReservationsFitAnAddressSpaceLimit) {
  if (base::testing::kAddressSanitizer) GTEST_SKIP() << "the sanitizer takes terabytes of it";
  GuestSpec spec = Spec();
  spec.address_space_bytes_max = 512ULL << 20;
  EXPECT_NE(bench_.Run(Grows("(memory 1)"), spec).phase, "run");
  spec.config = "smallres";
  spec.world.memory_bytes_max = 16 * kPageBytes;
  EXPECT_EQ(bench_.Run(Grows(), spec).end.code, 16);
}

TEST_P(WasmEngineTest, RefusesCodeThatIsNotItsOwn) {
  const absl::StatusOr<std::string> good = bench_.Compile(Command(""));
  ASSERT_TRUE(good.ok()) << good.status();
  const std::string code = base::testing::ReadFile(*good);
  const std::string engine = absl::StrCat(WasmEngineName(), " ", WasmEngineVersion());
  const std::string native = code.substr(0, code.size() - kCodeNoteBytes);
  const CodeNote note{.engine = engine, .config = "default"};
  CodeNote other_engine = note;
  other_engine.engine = absl::StrCat(WasmEngineName(), " 1.2.3");
  const struct {
    const char* what;
    std::string bytes;
  } kCases[] = {
      {"empty", ""},
      {"no code of ours", std::string(10'000, 'x')},
      {"without a note", native},
      {"cut short", code.substr(0, code.size() / 2)},
      {"a note alone", WriteCodeNote(note)},
      {"a note and rubbish", std::string(1000, 'x') + WriteCodeNote(note)},
      {"another version", native + WriteCodeNote(other_engine)},
      {"its front half only", native.substr(0, native.size() / 2) + WriteCodeNote(note)},
      {"text", Command("")},
  };
  const std::string path = temp_.File("code");
  for (const auto& test : kCases) {
    base::testing::WriteFile(path, test.bytes);
    const GuestRun run = bench_.RunArtefact(path, Spec());
    EXPECT_EQ(run.phase, "load") << test.what;
    EXPECT_EQ(run.status.code(), absl::StatusCode::kFailedPrecondition) << test.what;
  }
  base::testing::WriteFile(path, native + WriteCodeNote(note));
  EXPECT_EQ(bench_.RunArtefact(path, Spec()).phase, "run")
      << "the cases differ from good in one way";
  EXPECT_EQ(bench_.RunArtefact(temp_.File("absent"), Spec()).status.code(),
            absl::StatusCode::kNotFound);
}

TEST_P(WasmEngineTest, RefusesCodeOfAnotherConfiguration) {
  const absl::StatusOr<std::string> code = bench_.Compile(Command(""), "smallres");
  ASSERT_TRUE(code.ok()) << code.status();
  const GuestRun run = bench_.RunArtefact(*code, Spec());
  EXPECT_EQ(run.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(run.status.message(), AllOf(HasSubstr("smallres"), HasSubstr("default")));
  // The engine itself sees it too, should the note lie.
  const std::string bytes = base::testing::ReadFile(*code);
  base::testing::WriteFile(
      temp_.File("lie"),
      bytes.substr(0, bytes.size() - kCodeNoteBytes) +
          WriteCodeNote({.engine = absl::StrCat(WasmEngineName(), " ", WasmEngineVersion()),
                         .config = "default"}));
  EXPECT_EQ(bench_.RunArtefact(temp_.File("lie"), Spec()).status.code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_P(WasmEngineTest, UnknownConfigurationsAreNamed) {
  const auto engine = GetParam().make("fast");
  EXPECT_EQ(engine.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(engine.status().message(), AllOf(HasSubstr("fast"), HasSubstr("smallres")));
}

TEST_P(WasmEngineTest, ComponentsRunAsCommands) {
  EXPECT_EQ(Run(CommandComponent("(i32.const 0)")).end.kind, Kind::kReturned);
  GuestRun run = Run(CommandComponent("(i32.const 1)"));
  EXPECT_EQ(run.end.kind, Kind::kExited);
  EXPECT_EQ(run.end.code, 1);
  run = Run(CommandComponent("(call $exit (i32.const 1)) (i32.const 0)"));
  EXPECT_EQ(run.end.kind, Kind::kExited);
  EXPECT_EQ(run.end.code, 1);
  run = Run(CommandComponent("(call $exit (i32.const 0)) (i32.const 1)"));
  EXPECT_EQ(run.end.kind, Kind::kExited);
  EXPECT_EQ(run.end.code, 0);
  run = Run(CommandComponent("(unreachable)"));
  EXPECT_EQ(run.end.kind, Kind::kTrapped);
  EXPECT_THAT(run.end.text, HasSubstr("unreachable"));
  EXPECT_EQ(bench_.Run(CommandComponent("(i32.const 0)"), Spec("other")).end.kind, Kind::kReturned);
}

TEST_P(WasmEngineTest, ComponentsSayWhatIsMissing) {
  GuestRun run = Run("(component)");
  EXPECT_EQ(run.phase, "instantiate");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(run.status.message(), HasSubstr("wasi:cli/run"));

  run = bench_.Run(CommandComponent("(i32.const 0)"), Spec("serve"));
  EXPECT_EQ(run.phase, "instantiate");
  EXPECT_THAT(run.status.message(), HasSubstr("serve"));

  run = Run(R"((component
      (import "no:such/thing@1.0.0" (instance $thing (export "do" (func))))
      (core module $module (func (export "run") (result i32) (i32.const 0)))
      (core instance $instance (instantiate $module))
      (func $run (result (result)) (canon lift (core func $instance "run")))
      (instance $command (export "run" (func $run)))
      (export "wasi:cli/run@0.2.0" (instance $command))))");
  EXPECT_EQ(run.phase, "instantiate");
  EXPECT_EQ(run.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(run.status.message(), HasSubstr("no:such/thing"));
}

TEST_P(WasmEngineTest, StartFunctionsInsideComponentsRunInRun) {
  const GuestRun run =
      Run(CommandComponent("(i32.const 0)", "(func $begin (unreachable)) (start $begin)"));
  EXPECT_EQ(run.phase, "run") << run.status;
  EXPECT_EQ(run.end.kind, Kind::kTrapped);
}

}  // namespace
}  // namespace stage
