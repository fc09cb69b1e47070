// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/sanitizer.h"
#include "reference-shim/stage/code_note.h"
#include "reference-shim/stage/compile_exit.h"
#include "reference-shim/stage/wasm_config.h"

// shimgauge-wasm-compile from outside: files, limits, exit codes. What its code does is
// wasm_engine_test.cc's.
namespace stage {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kModule[] = R"((module (func (export "_start"))))";
const std::string kBinary("\0asm\1\0\0\0", 8);

class WasmCompileTest : public base::testing::ProcessTest {
 protected:
  base::testing::RunResult Run(const std::vector<std::string>& args,
                               absl::string_view input = kModule) {
    auto run = base::testing::RunToExit(SHIMGAUGE_WASM_COMPILE, args, input);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? *std::move(run) : base::testing::RunResult{};
  }
  // Files left in the directory: no temporary one may be.
  [[nodiscard]] int Files() const {
    int files = 0;
    for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(temp_.path())) {
      ++files;
    }
    return files;
  }

  const std::string out_ = temp_.File("out");
};

TEST_F(WasmCompileTest, SaysItsVersionAndEngine) {
  const auto run = Run({"--version"});
  EXPECT_EQ(run.status.code, 0);
  EXPECT_THAT(run.out, StartsWith("shimgauge-wasm-compile "));
  EXPECT_THAT(run.out, HasSubstr(absl::StrCat(WasmEngineName(), " ", WasmEngineVersion())));
}

TEST_F(WasmCompileTest, WritesAFileOrADescriptor) {
  EXPECT_EQ(Run({"--output", out_}).status.code, kCompiled);
  base::testing::WriteFile(temp_.File("in"), kModule);
  const base::UniqueFd file(::open(temp_.File("fd").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  auto run = base::testing::RunToExit({.path = SHIMGAUGE_WASM_COMPILE,
                                       .argv = {"compile", "--output-fd", "3", temp_.File("in")},
                                       .env = std::nullopt,
                                       .cwd = "",
                                       .fds = {{.source = file.get(), .target = 3}}});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->status.code, kCompiled) << run->err;
  EXPECT_EQ(base::testing::ReadFile(out_), base::testing::ReadFile(temp_.File("fd")));
  const auto note = ReadCodeNote(file.get());
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_EQ(note->config, "default");
  EXPECT_FALSE(note->component || note->starts);
  EXPECT_EQ(Files(), 3);
}

TEST_F(WasmCompileTest, RefusesWhatIsNoSoundModule) {
  const std::string huge_section = kBinary + "\1\xff\xff\xff\xff\x0f";
  const std::string not_utf8_name = kBinary + std::string("\7\5\1\1\xff\0\0", 7);
  for (const std::string& module :
       {std::string(), std::string("hello"), std::string("\0asm\2\0\0\0", 8),
        std::string("\0asm\1\0", 6),
        std::string("\x7f"
                    "ELF\2\1\1\0\0\0",
                    10),
        kBinary + "\1\4\1\x60", huge_section, not_utf8_name, std::string("(module (func"),
        std::string("(module (func (result i32)))")}) {
    const auto run = Run({"--output", out_}, module);
    EXPECT_EQ(run.status.code, kModuleUnsound) << run.err;
    EXPECT_THAT(run.err, StartsWith("shimgauge-wasm-compile: "));
    EXPECT_EQ(Files(), 0) << run.err;
  }
}

TEST_F(WasmCompileTest, NeverTakesNativeCode) {
  ASSERT_EQ(Run({"--output", out_}).status.code, kCompiled);
  const auto run = Run({"--output", temp_.File("again"), out_});
  EXPECT_EQ(run.status.code, kModuleUnsound);
  EXPECT_THAT(run.err, HasSubstr("precompiled"));
}

TEST_F(WasmCompileTest, KeepsItsLimits) {
  auto run = Run({"--output", out_, "--input-max", "20"});
  EXPECT_EQ(run.status.code, kModuleTooLarge);
  EXPECT_THAT(run.err, HasSubstr("20 bytes"));
  EXPECT_EQ(Run({"--output", out_, "--input-max", absl::StrCat(sizeof kModule - 1)}).status.code,
            kCompiled);
  run = Run({"--output", temp_.File("large"), "--output-max", "1000"});
  EXPECT_EQ(run.status.code, kModuleTooLarge) << run.err;
  EXPECT_EQ(Files(), 1);
}

TEST_F(WasmCompileTest, EndsWithoutMemory) {
  if (base::testing::kAddressSanitizer) GTEST_SKIP() << "the sanitizer takes terabytes of it";
  // The input alone does not fit.
  const std::string large = kBinary + std::string(64 << 20, '\0');
  base::testing::WriteFile(temp_.File("in"), large);
  const auto run =
      Run({"--output", out_, "--memory-max", absl::StrCat(60 << 20), temp_.File("in")});
  EXPECT_EQ(run.status.code, kModuleTooLarge) << run.err;
  EXPECT_THAT(run.err, HasSubstr("memory"));
}

TEST_F(WasmCompileTest, CompilesOnlyWhatWasMeant) {
  const std::string digest = base::Sha256Hex(kModule);
  EXPECT_EQ(Run({"--output", out_, "--sha256", digest}).status.code, kCompiled);
  const auto run = Run({"--output", temp_.File("b"), "--sha256", digest}, "(module)");
  EXPECT_EQ(run.status.code, kModuleUnexpected);
  EXPECT_THAT(run.err, HasSubstr(base::Sha256Hex("(module)")));
}

TEST_F(WasmCompileTest, CommandLineMistakes) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{},
                                             {"--output"},
                                             {"--output", out_, "--config", "fast"},
                                             {"--output", out_, "--fast"},
                                             {"--output", out_, "--output-fd", "3"},
                                             {"--output", out_, "--input-max", "many"}}) {
    const auto run = Run(args);
    EXPECT_EQ(run.status.code, kCompileUsage) << run.err;
    EXPECT_FALSE(run.err.empty());
  }
  EXPECT_THAT(Run({"--output", out_, "--config", "fast"}).err, HasSubstr("smallres"));
}

TEST_F(WasmCompileTest, TroubleIsNotTheModules) {
  EXPECT_EQ(Run({"--output", out_, temp_.File("absent")}).status.code, kCompileTrouble);
  EXPECT_EQ(Run({"--output", temp_.File("no/folder")}).status.code, kCompileTrouble);
  EXPECT_EQ(Run({"--output-fd", "99"}).status.code, kCompileTrouble);
}

// It has no network while it reads: a module is waited for on a FIFO, so it can be looked at.
TEST_F(WasmCompileTest, HasLeftTheNetworkAndRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to look and to be dropped";
  auto input = base::testing::MakePipe();
  auto output = base::testing::MakePipe();
  ASSERT_TRUE(input.ok() && output.ok());
  const auto child = base::Spawn({.path = SHIMGAUGE_WASM_COMPILE,
                                  .argv = {"compile", "--output-fd", "3"},
                                  .env = std::nullopt,
                                  .cwd = "",
                                  .fds = {{.source = input->read.get(), .target = 0},
                                          {.source = output->write.get(), .target = 3}}});
  ASSERT_TRUE(child.ok()) << child.status();
  input->read.reset();
  // More than a pipe holds: once it is written, the reader has come to reading.
  const std::string blanks(1 << 20, ' ');
  std::size_t written = 0;
  while (written < blanks.size()) {
    const ssize_t wrote =
        ::write(input->write.get(), blanks.data() + written, blanks.size() - written);
    ASSERT_GT(wrote, 0);
    written += static_cast<std::size_t>(wrote);
  }
  const std::string proc = absl::StrCat("/proc/", child->pid);
  EXPECT_NE(std::filesystem::read_symlink(proc + "/ns/net"),
            std::filesystem::read_symlink("/proc/self/ns/net"));
  const std::string status = base::testing::ReadFile(proc + "/status");
  EXPECT_THAT(status, HasSubstr("Uid:\t65534\t65534\t65534\t65534"));
  EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
  input->write.reset();
  const auto exit = base::testing::WaitForExit(child->pid);
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->code, kModuleUnsound);
}

}  // namespace
}  // namespace stage
