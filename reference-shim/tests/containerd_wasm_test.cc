// SPDX-License-Identifier: Apache-2.0
// An image of WebAssembly modules, under a real containerd.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/sha256.h"
#include "reference-shim/tests/containerd_fixture.h"

namespace shim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kImage[] = "shimgauge.test/wasm:1";
constexpr char kModules[] = SHIMGAUGE_BIN_DIR "/fixtures/wasm";

class ContainerdWasmTest : public ContainerdTest {
 protected:
  void SetUp() override {
    for (const char* file :
         {SHIMGAUGE_BIN_DIR "/shimgauge-stage", SHIMGAUGE_BIN_DIR "/fixtures/wasm/pause.wasm"}) {
      if (::access(file, R_OK) != 0) GTEST_SKIP() << file << " was not built";
    }
    ContainerdTest::SetUp();
    if (!running()) return;
    BuildImage();
    const RunResult imported = Ctr(
        {"image", "import", "--snapshotter", "native", "--digests=false", temp_.File("image.tar")});
    ASSERT_EQ(imported.status.ShellStatus(), 0u) << imported.err;
  }

  void TearDown() override {
    if (running()) (void)Ctr({"image", "rm", "--sync", kImage});
    ContainerdTest::TearDown();
  }

  // `ctr run` of the image; its own entry point if there is no `command`.
  RunResult RunImage(const std::string& id, std::vector<std::string> flags,
                     const std::vector<std::string>& command) {
    std::vector<std::string> args = {"run", "--runtime", kRuntime, "--snapshotter", "native"};
    args.insert(args.end(), flags.begin(), flags.end());
    args.insert(args.end(), {kImage, id});
    args.insert(args.end(), command.begin(), command.end());
    return Ctr(std::move(args));
  }

 private:
  // Puts a blob into the layout; its descriptor.
  std::string AddBlob(const std::string& media_type, const std::string& content,
                      const std::string& more = "") {
    const std::string digest = base::Sha256Hex(content);
    base::testing::WriteFile(temp_.File("image/blobs/sha256/" + digest), content);
    return absl::StrCat(R"({"mediaType":"application/vnd.oci.image.)", media_type,
                        R"(","digest":"sha256:)", digest, R"(","size":)", content.size(), more,
                        "}");
  }

  static void Tar(const std::string& directory, const std::string& file) {
    const auto result =
        base::testing::RunToExit("/bin/tar", {"-C", directory, "-cf", file, "."}, "");
    ASSERT_TRUE(result.ok() && result->status.ShellStatus() == 0);
  }

  // An OCI layout with one layer, which holds some modules.
  void BuildImage() {
    std::filesystem::create_directories(temp_.File("image/blobs/sha256"));
    std::filesystem::create_directory(temp_.File("layer"));
    for (const char* name : {"exit_code", "pause", "print_args", "trap_unreachable"}) {
      const std::string file = absl::StrCat("/", name, ".wasm");
      std::filesystem::copy_file(kModules + file, temp_.File("layer") + file);
    }
    Tar(temp_.File("layer"), temp_.File("layer.tar"));
    const std::string layer = base::testing::ReadFile(temp_.File("layer.tar"));
    const std::string layer_descriptor = AddBlob("layer.v1.tar", layer);
    const std::string config =
        AddBlob("config.v1+json",
                absl::StrCat(R"({"architecture":"amd64","os":"linux","config":{"Entrypoint":[)",
                             R"("/print_args.wasm","from","image"],"Env":["COLOUR=blue"]},)",
                             R"("rootfs":{"type":"layers","diff_ids":["sha256:)",
                             base::Sha256Hex(layer), "\"]}}"));
    const std::string manifest =
        AddBlob("manifest.v1+json",
                absl::StrCat(R"({"schemaVersion":2,"config":)", config, R"(,"layers":[)",
                             layer_descriptor, "]}"),
                absl::StrCat(R"(,"annotations":{"io.containerd.image.name":")", kImage,
                             R"("},"platform":{"architecture":"amd64","os":"linux"})"));
    base::testing::WriteFile(temp_.File("image/oci-layout"), R"({"imageLayoutVersion":"1.0.0"})");
    base::testing::WriteFile(temp_.File("image/index.json"),
                             absl::StrCat(R"({"schemaVersion":2,"manifests":[)", manifest, "]}"));
    Tar(temp_.File("image"), temp_.File("image.tar"));
  }
};

TEST_F(ContainerdWasmTest, RunsInTheForeground) {
  const RunResult own = RunImage("own", {"--rm"}, {});
  EXPECT_EQ(own.status.ShellStatus(), 0u) << own.err;
  EXPECT_THAT(own.out, HasSubstr("from\nimage\n"));
  const RunResult seven = RunImage("seven", {"--rm"}, {"/exit_code.wasm", "7"});
  EXPECT_EQ(seven.status.ShellStatus(), 7u) << seven.err;
  const RunResult trap = RunImage("trap", {"--rm"}, {"/trap_unreachable.wasm"});
  EXPECT_EQ(trap.status.ShellStatus(), 134u) << trap.err;
  EXPECT_THAT(trap.err, HasSubstr("unreachable"));
  const RunResult absent = RunImage("absent", {"--rm"}, {"/absent.wasm"});
  EXPECT_THAT(absent.err, HasSubstr("/absent.wasm"));
  (void)Ctr({"container", "rm", "absent"});
}

TEST_F(ContainerdWasmTest, LivesDetached) {
  const std::unique_ptr<LineSource> events = Events();
  const RunResult started = RunImage("bg", {"--detach"}, {"/pause.wasm"});
  ASSERT_EQ(started.status.ShellStatus(), 0u) << started.err;
  pid_t pid = 0;
  EXPECT_EQ(StatusOf("bg", &pid), "RUNNING");
  EXPECT_EQ(base::testing::ReadFile(absl::StrCat("/proc/", pid, "/comm")), "pause.wasm\n");
  const RunResult exec = Ctr({"task", "exec", "--exec-id", "e1", "bg", "/exit_code.wasm", "5"});
  EXPECT_EQ(exec.status.ShellStatus(), 5u) << exec.err;
  EXPECT_THAT(Ctr({"task", "ps", "bg"}).out, HasSubstr(absl::StrCat(pid)));
  EXPECT_EQ(Ctr({"task", "metrics", "bg"}).status.ShellStatus(), 0u);
  EXPECT_EQ(Ctr({"task", "pause", "bg"}).status.ShellStatus(), 0u);
  EXPECT_EQ(StatusOf("bg"), "PAUSED");
  EXPECT_EQ(Ctr({"task", "resume", "bg"}).status.ShellStatus(), 0u);
  EXPECT_EQ(Ctr({"task", "kill", "--signal", "SIGTERM", "bg"}).status.ShellStatus(), 0u);
  EXPECT_THAT(AwaitExitOf(*events, "bg"), HasSubstr("\"exit_status\":143"));
  EXPECT_EQ(StatusOf("bg"), "STOPPED");
  (void)Ctr({"task", "delete", "bg"});
  EXPECT_EQ(StatusOf("bg"), "");
  EXPECT_EQ(Ctr({"container", "rm", "bg"}).status.ShellStatus(), 0u);
}

TEST_F(ContainerdWasmTest, CleansUpAfterAKilledShim) {
  const std::unique_ptr<LineSource> events = Events();
  ASSERT_EQ(RunImage("orphaned", {"--detach"}, {"/pause.wasm"}).status.ShellStatus(), 0u);
  pid_t init = 0;
  ASSERT_EQ(StatusOf("orphaned", &init), "RUNNING");
  ExpectCleanUpOfAKilledShim("orphaned", *events, init);
}

TEST_F(ContainerdWasmTest, ManyRunInARowAndSideBySideAndLeaveNothing) {
  constexpr int kInARow = 100;
  constexpr int kTogether = 50;
  for (int i = 0; i < kInARow; ++i) {
    const RunResult result =
        RunImage(absl::StrCat("row", i), {"--rm"}, {"/exit_code.wasm", absl::StrCat(i)});
    ASSERT_EQ(result.status.ShellStatus(), static_cast<unsigned>(i)) << result.err;
  }
  std::vector<pid_t> clients;
  for (int i = 0; i < kTogether; ++i) {
    const auto client =
        base::Spawn({.path = kCtr,
                     .argv = {kCtr, "--address", Socket(), "--namespace", namespace_, "run", "--rm",
                              "--runtime", kRuntime, "--snapshotter", "native", kImage,
                              absl::StrCat("many", i), "/exit_code.wasm", absl::StrCat(i)},
                     .parent_death_signal = SIGKILL});
    ASSERT_TRUE(client.ok()) << client.status();
    clients.push_back(client->pid);
  }
  for (unsigned i = 0; i < kTogether; ++i) {
    EXPECT_EQ(base::testing::WaitForExit(clients[i])->ShellStatus(), i);
  }
  EXPECT_THAT(Ctr({"task", "ls", "--quiet"}).out, IsEmpty());
}

}  // namespace
}  // namespace shim
