// SPDX-License-Identifier: Apache-2.0
// What is particular about containers of Wasm; what every backend does the contract test asks.
#include "reference-shim/backends/wasm/wasm_backend.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/pidfd.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/sanitizer.h"
#include "container/mount_table.h"
#include "container/recorded_process.h"
#include "reference-shim/backends/testing/backend_world.h"
#include "reference-shim/backends/wasm/wasm_host.h"
#include "reference-shim/backends/wasm/wasm_options.h"
#include "reference-shim/stage/stage_plan.h"

namespace backends {
namespace {

using ::base::testing::ReadFile;
using ::base::testing::ReadToEof;
using ::base::testing::WriteFile;
using ::testing::AllOf;
using testing::BackendWorld;
using testing::Container;
using ::testing::ElementsAre;
using testing::ExecInContainer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ProcessJson;

class WasmBackendTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    if (!FindCompanion(stage::kStageProgram).ok()) GTEST_SKIP() << "built without the Wasm engine";
    world_.emplace(BackendEntry{"wasm", &MakeWasmBackend});
  }
  BackendWorld& world() { return *world_; }

  // A container of a module written here: with a memory, and WASI's proc_exit imported.
  std::unique_ptr<Container> Text(const std::string& id, const std::string& functions) {
    auto container = std::make_unique<Container>(world(), id, "guest");
    container->spec.process.args = {"/guest.wat"};
    const std::string text = absl::StrCat(
        "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param "
        "i32))) (memory (export \"memory\") 1) ",
        functions, ")");
    WriteFile(world().temp().File("guest.wat"), text);
    container->spec.mounts.push_back({.destination = "/guest.wat",
                                      .type = "bind",
                                      .source = world().temp().File("guest.wat"),
                                      .options = {"bind", "ro"}});
    return container;
  }
  static constexpr char kSleep[] = "(func (export \"_start\") (loop $again (br $again)))";

  // A hook that appends its point and its stdin to a trace, and then does `more`.
  oci::Hook Hook(const std::string& point, const std::string& more = "true") {
    return {.path = "/bin/sh",
            .args = {"sh", "-c",
                     absl::StrCat("{ printf '", point, " '; cat; echo; } >> ",
                                  world().temp().File("trace"), "; ", more)}};
  }
  // The first words of the trace, and with `words` whole lines.
  std::vector<std::string> Trace() {
    const std::string path = world().temp().File("trace");
    if (!std::filesystem::exists(path)) return {};
    return absl::StrSplit(ReadFile(path), '\n', absl::SkipEmpty());
  }
  std::vector<std::string> Points() {
    std::vector<std::string> points;
    for (const std::string& line : Trace()) points.push_back(line.substr(0, line.find(' ')));
    return points;
  }
  void AddAllHooks(oci::Hooks& hooks) {
    hooks.prestart = {Hook("prestart")};
    hooks.create_runtime = {Hook("createRuntime")};
    hooks.create_container = {Hook("createContainer")};
    hooks.poststart = {Hook("poststart")};
    hooks.poststop = {Hook("poststop")};
  }

  base::testing::LeakGuard leak_guard_;
  std::optional<BackendWorld> world_;
};

TEST_F(WasmBackendTest, ATrapIsToldApartFromAKill) {
  const auto container = Text("c", "(func (export \"_start\") unreachable)");
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  EXPECT_EQ(container->AwaitExit(), 134U);
  EXPECT_THAT(ReadToEof(container->io().err_read),
              AllOf(HasSubstr("wasm trap"), HasSubstr("unreachable")));
}

TEST_F(WasmBackendTest, EveryExitCodeIsTheGuestsOwn) {
  for (const unsigned code : {0U, 1U, 42U, 134U, 137U, 255U}) {
    const auto container =
        Text(absl::StrCat("c", code),
             absl::StrCat("(func (export \"_start\") (call $exit (i32.const ", code, ")))"));
    ASSERT_TRUE(container->Create().ok());
    ASSERT_TRUE(container->Start().ok());
    EXPECT_EQ(container->AwaitExit(), code);
  }
}

TEST_F(WasmBackendTest, ALoopEndsOnEverySignalThatEndsPrograms) {
  for (const int signo : {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    const auto container = Text(absl::StrCat("c", signo), kSleep);
    ASSERT_TRUE(container->Create().ok());
    ASSERT_TRUE(container->Start().ok());
    EXPECT_TRUE(container->Signal(signo).ok());
    EXPECT_EQ(container->AwaitExit(), 128U + static_cast<unsigned>(signo));
  }
}

TEST_F(WasmBackendTest, AnExportedFunctionCanBeTheEntry) {
  const auto container = Text("c", "(func (export \"other\") (call $exit (i32.const 5)))");
  container->spec.process.args = {"/guest.wat#other"};
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  EXPECT_EQ(container->AwaitExit(), 5U);
  const auto absent = Text("absent", "(func (export \"other\"))");
  EXPECT_THAT(std::string(absent->Create().message()), HasSubstr("_start"));
}

TEST_F(WasmBackendTest, TheProcessIsTheContainersOwn) {
  const auto container = Text("c", kSleep);
  ASSERT_TRUE(container->Create().ok());
  const std::string proc = absl::StrCat("/proc/", container->workload().pid());
  EXPECT_NE(container->workload().pid(), ::getpid());
  EXPECT_EQ(ReadFile(container->bundle() + "/init.pid"), absl::StrCat(container->workload().pid()));
  EXPECT_NE(std::filesystem::read_symlink(proc + "/ns/pid"),
            std::filesystem::read_symlink("/proc/self/ns/pid"));
  ASSERT_TRUE(container->Start().ok());
  EXPECT_EQ(ReadFile(proc + "/comm"), "guest.wat\n");
  EXPECT_THAT(ReadFile(proc + "/status"), HasSubstr("\nNSpid:\t"));
  EXPECT_THAT(container->Pids(), ElementsAre(container->workload().pid()));
}

TEST_F(WasmBackendTest, NothingOfProcessesAndNoDeviceOfTheImageIsInReach) {
  const auto container = Text("c", kSleep);
  ASSERT_TRUE(container->Create().ok());
  const std::string root = absl::StrCat("/proc/", container->workload().pid(), "/root");
  EXPECT_TRUE(std::filesystem::is_empty(root + "/proc"));
  const std::string table =
      ReadFile(absl::StrCat("/proc/", container->workload().pid(), "/mountinfo"));
  std::string root_options;
  for (const absl::string_view line : absl::StrSplit(table, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words.size() > 5 && words[4] == "/") root_options = words[5];
  }
  EXPECT_THAT(root_options, HasSubstr("nodev"));
}

TEST_F(WasmBackendTest, AGuestsProcessHoldsNothingOfOutside) {
  const auto container = Text("c", kSleep);
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  ExecInContainer exec(world(), *container, "e", ProcessJson({"/guest.wat"}));
  const auto pid = exec.Start();
  ASSERT_TRUE(pid.ok()) << pid.status();
  struct stat outer {};
  ASSERT_EQ(::stat("/proc", &outer), 0);
  for (const pid_t process : {container->workload().pid(), *pid}) {
    const std::string directory = absl::StrCat("/proc/", process, "/fd");
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const std::string target = std::filesystem::read_symlink(entry);
      EXPECT_THAT(target, AllOf(Not(HasSubstr("/tasks")), Not(HasSubstr("cgroup.procs")),
                                Not(HasSubstr("stage-plan")), Not(HasSubstr("pidfd"))));
      struct stat info {};
      ASSERT_EQ(::stat(entry.path().c_str(), &info), 0) << target;
      EXPECT_FALSE(info.st_dev == outer.st_dev && info.st_ino == outer.st_ino)
          << "the host's /proc";
    }
  }
}

TEST_F(WasmBackendTest, WhatWouldHaveNoEffectIsRefusedByNameAndLeavesNothing) {
  const auto container = Text("c", kSleep);
  container->spec.process.apparmor_profile = "strict";
  const absl::Status status = container->Create();
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("create"), HasSubstr("process.apparmorProfile")));
  EXPECT_FALSE(std::filesystem::exists(container->bundle() + "/wasm.json"));
  const auto user = Text("user", kSleep);
  user->spec.linux.namespaces.push_back({.type = "user", .path = ""});
  EXPECT_THAT(std::string(user->Create().message()), HasSubstr("user namespace"));
  const auto limit = Text("limit", kSleep);
  limit->spec.annotations[kMemoryAnnotation] = "much";
  EXPECT_THAT(std::string(limit->Create().message()), HasSubstr(kMemoryAnnotation));
}

TEST_F(WasmBackendTest, AFileThatIsNoModuleIsAnErrorOfItsTaskAlone) {
  WriteFile(world().temp().File("bad.wasm"), "\177ELF is not it");
  Container bad(world(), "bad", "guest");
  bad.spec.process.args = {"/bad.wasm"};
  bad.spec.mounts.push_back({.destination = "/bad.wasm",
                             .type = "bind",
                             .source = world().temp().File("bad.wasm"),
                             .options = {"bind"}});
  EXPECT_THAT(std::string(bad.Create().message()), HasSubstr("create"));
  const auto good = Text("good", "(func (export \"_start\"))");
  ASSERT_TRUE(good->Create().ok());
  ASSERT_TRUE(good->Start().ok());
  EXPECT_EQ(good->AwaitExit(), 0U);
}

TEST_F(WasmBackendTest, AGuestThatRunsTooLongIsEnded) {
  const auto container = Text("c", kSleep);
  container->spec.annotations[kRunAnnotation] = "50";
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  EXPECT_EQ(container->AwaitExit(), 134U);
  EXPECT_THAT(ReadToEof(container->io().err_read), HasSubstr("longer than it may"));
}

TEST_F(WasmBackendTest, AGuestWithoutFuelTraps) {
  const auto container = Text("c", kSleep);
  container->spec.annotations[kFuelAnnotation] = "100000";
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  EXPECT_EQ(container->AwaitExit(), 134U);
  EXPECT_THAT(ReadToEof(container->io().err_read), HasSubstr("fuel"));
}

TEST_F(WasmBackendTest, AMemoryGrowsAsFarAsTheAnnotationSays) {
  const auto grow = [](int expected) {
    return absl::StrCat(
        "(func (export \"_start\") (call $exit (i32.ne (memory.grow (i32.const 8)) "
        "(i32.const ",
        expected, "))))");
  };
  const auto enough = Text("enough", grow(1));
  enough->spec.annotations[kMemoryAnnotation] = absl::StrCat(64 * 1024 * 9);
  ASSERT_TRUE(enough->Create().ok());
  ASSERT_TRUE(enough->Start().ok());
  EXPECT_EQ(enough->AwaitExit(), 0U);
  const auto short_of_it = Text("short", grow(-1));
  short_of_it->spec.annotations[kMemoryAnnotation] = absl::StrCat(64 * 1024 * 8);
  ASSERT_TRUE(short_of_it->Create().ok());
  ASSERT_TRUE(short_of_it->Start().ok());
  EXPECT_EQ(short_of_it->AwaitExit(), 0U);
}

TEST_F(WasmBackendTest, ALimitedAddressSpaceIsEnough) {
  if (base::testing::kAddressSanitizer) GTEST_SKIP() << "the sanitizer takes terabytes of it";
  const auto container = Text("c", "(func (export \"_start\") (call $exit (i32.const 9)))");
  container->spec.process.rlimits = {{.type = "RLIMIT_AS", .soft = 256U << 20, .hard = 256U << 20}};
  const absl::Status created = container->Create();
  ASSERT_TRUE(created.ok()) << created;
  ASSERT_TRUE(container->Start().ok());
  EXPECT_EQ(container->AwaitExit(), 9U);
}

TEST_F(WasmBackendTest, ACreatedContainerEndsWithItsShim) {
  const auto container = Text("c", kSleep);
  ASSERT_TRUE(container->Create().ok());
  const pid_t pid = container->workload().pid();
  container->Abandon();
  EXPECT_TRUE(world().RunUntil([pid] { return ::kill(pid, 0) != 0; }));
  testing::Answer<absl::Status> answer;
  world().backend().Reclaim({.id = "c", .bundle = container->bundle()}, answer.Expect());
  EXPECT_TRUE(world().Await(answer).ok());
}

// --- hooks ----------------------------------------------------------------------------------

TEST_F(WasmBackendTest, HooksRunOnceAndInOrderWithTheStateOfTheContainer) {
  const auto container = Text("c", kSleep);
  AddAllHooks(container->spec.hooks);
  container->spec.annotations["colour"] = "blue";
  ASSERT_TRUE(container->Create().ok());
  const pid_t pid = container->workload().pid();
  EXPECT_THAT(Points(), ElementsAre("prestart", "createRuntime", "createContainer"));
  for (const std::string& line : Trace()) {
    EXPECT_THAT(line, AllOf(HasSubstr("\"status\":\"creating\""),
                            HasSubstr(absl::StrCat("\"bundle\":\"", container->bundle(), "\"")),
                            HasSubstr("\"colour\":\"blue\"")));
  }
  EXPECT_THAT(Trace()[1], HasSubstr(absl::StrCat("\"pid\":", pid, ",")));
  ASSERT_TRUE(container->Start().ok());
  EXPECT_THAT(Trace().back(), AllOf(HasSubstr("poststart {"), HasSubstr("\"running\""),
                                    HasSubstr(absl::StrCat("\"pid\":", pid, ","))));
  EXPECT_TRUE(container->Signal(SIGKILL).ok());
  EXPECT_EQ(container->AwaitExit(), 137U);
  EXPECT_EQ(Trace().size(), 4U) << "not yet poststop";
  EXPECT_TRUE(container->Delete().ok());
  EXPECT_THAT(Trace().back(),
              AllOf(HasSubstr("poststop {"), HasSubstr("\"stopped\""), Not(HasSubstr("\"pid\""))));
  testing::Answer<absl::Status> answer;
  world().backend().Reclaim({.id = "c", .bundle = container->bundle()}, answer.Expect());
  EXPECT_TRUE(world().Await(answer).ok());
  EXPECT_EQ(Trace().size(), 5U) << "once (HOOK-10)";
}

TEST_F(WasmBackendTest, AHookThatFailsBeforeStartFailsTheCreation) {
  using Hooks = std::vector<oci::Hook> oci::Hooks::*;
  const std::pair<std::string, Hooks> points_that_fail[] = {
      {"prestart", &oci::Hooks::prestart},
      {"createRuntime", &oci::Hooks::create_runtime},
      {"createContainer", &oci::Hooks::create_container}};
  for (const auto& [point, hooks] : points_that_fail) {
    std::filesystem::remove(world().temp().File("trace"));
    const auto container = Text(point, kSleep);
    AddAllHooks(container->spec.hooks);
    (container->spec.hooks.*hooks).front() = Hook(point, "echo broken >&2; exit 3");
    const absl::Status status = container->Create();
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(point), HasSubstr("broken")));
    const std::vector<std::string> points = Points();
    EXPECT_THAT(points, ::testing::IsSupersetOf({std::string(point), std::string("poststop")}))
        << "HOOK-07";
    EXPECT_THAT(points, Not(::testing::Contains("poststart")));
    if (points.size() < 2) continue;
    EXPECT_EQ(points.back(), "poststop");
    EXPECT_EQ(points[points.size() - 2], point) << "and nothing after it";
  }
}

TEST_F(WasmBackendTest, AHookThatHangsIsEndedAndHoldsUpNobody) {
  const auto slow = Text("slow", kSleep);
  slow->spec.hooks.create_runtime = {Hook("createRuntime", "exec sleep 1000")};
  slow->spec.hooks.create_runtime[0].timeout = 1;
  const absl::Status status = slow->Create();
  EXPECT_THAT(std::string(status.message()), HasSubstr("timed out"));
}

TEST_F(WasmBackendTest, FailuresAfterStartEndTheContainerAndAfterItsEndOnlyWarn) {
  const auto container = Text("c", kSleep);
  AddAllHooks(container->spec.hooks);
  container->spec.hooks.poststart = {Hook("poststart", "exit 3")};
  container->spec.hooks.poststop = {Hook("poststop", "exit 3"), Hook("second")};
  ASSERT_TRUE(container->Create().ok());
  EXPECT_THAT(std::string(container->Start().status().message()), HasSubstr("poststart"));
  EXPECT_EQ(container->AwaitExit(), 137U);
  EXPECT_TRUE(container->Delete().ok()) << "HOOK-08";
  EXPECT_EQ(Points().back(), "second");
}

TEST_F(WasmBackendTest, StartContainerHooksRunInsideAndOnStart) {
  const auto container = Text("c", kSleep);
  container->spec.hooks.start_container = {
      {.path = "/touch", .args = {"touch", "/hook-ran"}, .env = {}}};
  ASSERT_TRUE(container->Create().ok());
  EXPECT_FALSE(std::filesystem::exists(container->InRootfs("hook-ran")));
  ASSERT_TRUE(container->Start().ok());
  EXPECT_TRUE(std::filesystem::exists(container->InRootfs("hook-ran")));
  EXPECT_TRUE(
      std::filesystem::is_empty(absl::StrCat("/proc/", container->workload().pid(), "/root/proc")))
      << "the hook could use it, the guest cannot";
  const auto failing = Text("failing", kSleep);
  failing->spec.hooks.start_container = {
      {.path = "/exit_code", .args = {"exit_code", "3"}, .env = {}}};
  ASSERT_TRUE(failing->Create().ok());
  EXPECT_THAT(std::string(failing->Start().status().message()),
              AllOf(HasSubstr("startContainer"), HasSubstr("exit status 3")));
  EXPECT_NE(failing->AwaitExit(), 0U);
}

TEST_F(WasmBackendTest, ReclaimRunsThePoststopHooksOfADeadShimsContainer) {
  const auto container = Text("c", kSleep);
  AddAllHooks(container->spec.hooks);
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  const pid_t pid = container->workload().pid();
  container->Abandon();
  world().ReplaceBackend();
  testing::Answer<absl::Status> answer;
  world().backend().Reclaim({.id = "c", .bundle = container->bundle()}, answer.Expect());
  EXPECT_TRUE(world().Await(answer).ok());
  EXPECT_EQ(Points().back(), "poststop");
  EXPECT_TRUE(world().RunUntil([pid] { return ::kill(pid, 0) != 0; }));
}

// `delete` beside a shim that lives, to which Delete comes later.
TEST_F(WasmBackendTest, DeleteRunsNoPoststopHooksThatReclaimHasRun) {
  const auto container = Text("c", kSleep);
  container->spec.hooks.poststop = {Hook("poststop")};
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  testing::Answer<absl::Status> answer;
  world().backend().Reclaim({.id = "c", .bundle = container->bundle()}, answer.Expect());
  EXPECT_TRUE(world().Await(answer).ok());
  EXPECT_EQ(container->AwaitExit(), 137U);
  EXPECT_THAT(Points(), ElementsAre("poststop"));
  EXPECT_TRUE(container->Delete().ok());
  EXPECT_THAT(Points(), ElementsAre("poststop")) << "once (HOOK-10)";
}

// Reclaim gives hooks the shortest time: a second and a half.
TEST_F(WasmBackendTest, AHookThatTakesTooLongIsKilledWithAllThatItStarted) {
  const auto container = Text("c", kSleep);
  const std::string mark = world().temp().File("mark");
  container->spec.hooks.poststop = {
      Hook("poststop",
           absl::StrCat("echo $$ >> ", mark, "; sleep 1000 & echo $! >> ", mark, "; sleep 1000"))};
  ASSERT_TRUE(container->Create().ok());
  container->Abandon();
  world().ReplaceBackend();
  testing::Answer<absl::Status> answer;
  world().backend().Reclaim({.id = "c", .bundle = container->bundle()}, answer.Expect());
  EXPECT_TRUE(world().Await(answer).ok()) << "HOOK-08";
  const std::string marked = ReadFile(mark);
  const std::vector<std::string> pids = absl::StrSplit(marked, '\n', absl::SkipEmpty());
  ASSERT_EQ(pids.size(), 2U);
  for (const std::string& pid : pids) {
    EXPECT_TRUE(world().RunUntil([&] { return ::kill(std::stoi(pid), 0) != 0; })) << pid;
  }
}

TEST_F(WasmBackendTest, UnitsOfSystemdAreRefusedAsCgroups) {
  int number = 0;
  for (const char* path : {"kubepods-pod1.slice:cri-containerd:c", ":cri-containerd:c"}) {
    const auto container = Text(absl::StrCat("c", ++number), kSleep);
    container->spec.linux.cgroups_path = path;
    EXPECT_THAT(std::string(container->Create().message()),
                AllOf(HasSubstr("linux.cgroupsPath"), HasSubstr(path)));
  }
}

TEST_F(WasmBackendTest, ThereAreNoCheckpoints) {
  const auto container = Text("c", kSleep);
  ASSERT_TRUE(container->Create().ok());
  testing::Answer<absl::Status> answer;
  container->workload().Checkpoint({.path = world().temp().File("image")}, answer.Expect());
  EXPECT_EQ(world().Await(answer).code(), absl::StatusCode::kUnimplemented);
  EXPECT_FALSE(std::filesystem::exists(world().temp().File("image")));
  EXPECT_TRUE(container->Delete().ok());
}

TEST_F(WasmBackendTest, ATerminalIsAHandedOverConsole) {
  if (!world().HasProgram("cat")) GTEST_SKIP() << "needs modules, which clang makes";
  Container container(world(), "c", "cat");
  container.terminal = true;
  const absl::Status created = container.Create();
  ASSERT_TRUE(created.ok()) << created;
  const base::UniqueFd& console = container.io().console;
  ASSERT_TRUE(console.ok());
  ASSERT_TRUE(container.Start().ok());
  ASSERT_EQ(::write(console.get(), "hi\n", 3), 3);
  EXPECT_EQ(base::testing::ReadLine(console), "hi\r\n") << "the terminal's echo";
  EXPECT_EQ(base::testing::ReadLine(console), "hi\r\n");
  ExecInContainer exec(world(), container, "e", ProcessJson({"/cat.wasm"}, true), true);
  ASSERT_TRUE(exec.Start().ok());
  ASSERT_TRUE(exec.io().console.ok());
  ASSERT_EQ(::write(exec.io().console.get(), "\x04", 1), 1);
  EXPECT_EQ(exec.AwaitExit(), 0U);
  ASSERT_EQ(::write(console.get(), "\x04", 1), 1);
  EXPECT_EQ(container.AwaitExit(), 0U);
}

// --- execs ----------------------------------------------------------------------------------

TEST_F(WasmBackendTest, AnExecSharesTheContainerAndItsRefusalsAreItsOwn) {
  const auto container = Text("c", kSleep);
  ASSERT_TRUE(container->Create().ok());
  ASSERT_TRUE(container->Start().ok());
  ExecInContainer exec(world(), *container, "e", ProcessJson({"/guest.wat"}));
  const auto pid = exec.Start();
  ASSERT_TRUE(pid.ok()) << pid.status();
  for (const char* kind : {"pid", "mnt", "net", "ipc", "uts"}) {
    const auto of = [kind](pid_t process) {
      return std::filesystem::read_symlink(absl::StrCat("/proc/", process, "/ns/", kind));
    };
    EXPECT_EQ(of(*pid), of(container->workload().pid())) << kind;
  }
  EXPECT_EQ(std::filesystem::read_symlink(absl::StrCat("/proc/", *pid, "/ns/pid_for_children")),
            std::filesystem::read_symlink(absl::StrCat("/proc/", *pid, "/ns/pid")));
  EXPECT_THAT(container->Pids(),
              ::testing::UnorderedElementsAre(container->workload().pid(), *pid));
  ExecInContainer native(world(), *container, "n", ProcessJson({"/exit_code", "0"}));
  EXPECT_THAT(std::string(native.Start().status().message()), HasSubstr("not a Wasm module"));
  EXPECT_TRUE(exec.Signal(SIGKILL).ok());
  EXPECT_EQ(exec.AwaitExit(), 137U);
  EXPECT_FALSE(container->exited());
}

TEST_F(WasmBackendTest, TheFeaturesNameTheEngine) {
  testing::Answer<absl::StatusOr<std::string>> answer;
  world().backend().Features({}, answer.Expect());
  const auto& features = world().Await(answer);
  ASSERT_TRUE(features.ok()) << features.status();
  EXPECT_THAT(*features, HasSubstr("\"io.shimgauge.wasm.engine\":\"wasmtime\""));
  EXPECT_THAT(*features, HasSubstr("\"io.shimgauge.wasm.capabilities\":"
                                   "\"exec pause stats terminal update\""));
}

}  // namespace
}  // namespace backends
