// SPDX-License-Identifier: Apache-2.0
// The reference shim under a real containerd, driven with ctr: a private daemon per test, with its
// own root, state and sockets; nothing of it is left afterwards.
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/sha256.h"
#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"

namespace shim {
namespace {

using ::base::testing::RunResult;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kRuntime[] = "io.containerd.reference.v1";
constexpr char kContainerd[] = "/usr/bin/containerd";
constexpr char kCtr[] = "/usr/bin/ctr";

// With our shim in PATH, which keeps native code of Wasm modules in `cache`.
std::vector<std::string> EnvironmentOfShim(const std::string& cache) {
  std::vector<std::string> env = {absl::StrCat("SHIMGAUGE_WASM_CACHE=", cache)};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!absl::StartsWith(*entry, "PATH=")) env.emplace_back(*entry);
  }
  env.push_back(absl::StrCat("PATH=", SHIMGAUGE_BIN_DIR, ":/usr/sbin:/usr/bin:/sbin:/bin"));
  return env;
}

// Pids of processes one of whose arguments is `argument`.
std::vector<pid_t> ProcessesWith(const std::string& argument) {
  std::vector<pid_t> pids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
    // Any of them may end while it is looked at.
    const absl::StatusOr<std::string> text = base::ReadKernelFile(entry.path() / "cmdline");
    if (!text.ok()) continue;
    for (const auto part : absl::StrSplit(*text, '\0')) {
      if (part == argument) {
        pids.push_back(pid);
        break;
      }
    }
  }
  return pids;
}

std::vector<std::string> Words(const std::string& line) {
  return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
}

// A process of ours with one of its outputs readable line by line; ends with the object.
class LineSource {
 public:
  LineSource(base::SpawnSpec spec, int output) {
    absl::StatusOr<base::testing::Pipe> pipe = base::testing::MakePipe();
    EXPECT_TRUE(pipe.ok());
    // Room for what the process writes while nobody reads.
    EXPECT_GT(::fcntl(pipe->write.get(), F_SETPIPE_SZ, 1 << 20), 0);
    spec.fds.push_back({.source = pipe->write.get(), .target = output});
    absl::StatusOr<base::Child> child = base::Spawn(spec);
    EXPECT_TRUE(child.ok()) << child.status();
    if (child.ok()) child_ = *std::move(child);
    read_ = std::move(pipe->read);
  }
  ~LineSource() { Stop(SIGKILL); }

  // "" at the end of the output.
  std::string NextLine() { return base::testing::ReadLine(read_); }
  // Reads on until a line contains `text`; "" if the output ends first.
  std::string Await(const std::string& text) {
    for (std::string line = NextLine(); !line.empty(); line = NextLine()) {
      if (absl::StrContains(line, text)) return line;
    }
    return "";
  }
  void Stop(int signo) {
    if (child_.pid < 0) return;
    ::kill(child_.pid, signo);
    base::testing::ReadToEof(read_);
    (void)base::testing::WaitForExit(child_.pid);
    child_ = {};
  }

 private:
  base::Child child_;
  base::UniqueFd read_;
};

class ContainerdTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: containerd makes containers";
    for (const char* program : {kContainerd, kCtr}) {
      if (::access(program, X_OK) != 0) GTEST_SKIP() << program << " is not installed";
    }
    if (::access("/usr/sbin/runc", X_OK) != 0 && ::access("/usr/bin/runc", X_OK) != 0) {
      GTEST_SKIP() << "runc is not installed";
    }
    namespace_ = absl::StrCat("e2e-", ::getpid());
    std::filesystem::create_directories(temp_.File("rootfs/bin"));
    for (const auto& entry : std::filesystem::directory_iterator(SHIMGAUGE_BIN_DIR "/fixtures")) {
      if (!entry.is_regular_file()) continue;
      std::filesystem::copy_file(entry.path(),
                                 temp_.File("rootfs/bin/") + entry.path().filename().string());
    }
    base::testing::WriteFile(
        temp_.File("config.toml"),
        absl::StrCat("version = 2\nroot = \"", temp_.File("root"), "\"\nstate = \"",
                     temp_.File("state"),
                     "\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = \"",
                     Socket(), "\"\n"));
    StartContainerd();
  }

  void TearDown() override {
    if (containerd_ == nullptr) return;
    for (const std::string& ns : {namespace_, namespace_ + "-b"}) {
      for (const pid_t pid : ProcessesWith(ns)) AwaitEnd(pid);
      EXPECT_THAT(ProcessesWith(ns), IsEmpty()) << "shims of namespace " << ns;
    }
    containerd_->Stop(SIGTERM);
    EXPECT_THAT(MountsBelow(temp_.path()), IsEmpty());
    EXPECT_EQ(sockets_before_, Sockets()) << "shim sockets on the host";
    RemoveCgroups();
  }

  std::string Socket() const { return temp_.File("c.sock"); }
  std::vector<std::string> Environment() const {
    return EnvironmentOfShim(temp_.File("wasm-cache"));
  }

  void StartContainerd() {
    if (sockets_before_.empty()) sockets_before_ = Sockets();
    containerd_ = std::make_unique<LineSource>(
        base::SpawnSpec{.path = kContainerd,
                        .argv = {kContainerd, "--config", temp_.File("config.toml")},
                        .env = Environment(),
                        .parent_death_signal = SIGKILL},
        STDERR_FILENO);
    ASSERT_NE(containerd_->Await("containerd successfully booted"), "") << "containerd ended";
  }

  RunResult CtrIn(const std::string& ns, std::vector<std::string> args) {
    args.insert(args.begin(), {kCtr, "--address", Socket(), "--namespace", ns});
    absl::StatusOr<RunResult> result =
        base::testing::RunToExit({.path = kCtr, .argv = args, .parent_death_signal = SIGKILL}, "");
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : RunResult{};
  }
  RunResult Ctr(std::vector<std::string> args) { return CtrIn(namespace_, std::move(args)); }

  // `ctr run` of a program of the rootfs; extra flags first.
  RunResult Run(const std::string& id, std::vector<std::string> flags,
                const std::vector<std::string>& command, const std::string& ns = "") {
    std::vector<std::string> args = {"run", "--runtime", kRuntime, "--rootfs"};
    args.insert(args.end(), flags.begin(), flags.end());
    args.push_back(temp_.File("rootfs"));
    args.push_back(id);
    args.insert(args.end(), command.begin(), command.end());
    return CtrIn(ns.empty() ? namespace_ : ns, std::move(args));
  }

  // `ctr task delete` of a task that was killed: newer ones exit with its status, older ones say
  // it.
  static void ExpectDeleted(const RunResult& result) {
    EXPECT_TRUE(result.status.ShellStatus() == 137 ||
                absl::StrContains(absl::StrCat(result.out, result.err), "137"))
        << "exit code " << result.status.ShellStatus() << ": " << result.out << result.err;
  }

  // STATUS column of `ctr task ls` for `id`, "" when it is not listed; pid in `pid`.
  std::string StatusOf(const std::string& id, pid_t* pid = nullptr) {
    for (const auto& line : absl::StrSplit(Ctr({"task", "ls"}).out, '\n')) {
      const std::vector<std::string> words = Words(std::string(line));
      if (words.size() == 3 && words[0] == id) {
        if (pid != nullptr) {
          EXPECT_TRUE(absl::SimpleAtoi(words[1], pid));
        }
        return words[2];
      }
    }
    return "";
  }

  // `ctr events`, known to be subscribed: a marker was seen in it.
  std::unique_ptr<LineSource> Events() {
    auto events = std::make_unique<LineSource>(
        base::SpawnSpec{.path = kCtr,
                        .argv = {kCtr, "--address", Socket(), "events"},
                        .parent_death_signal = SIGKILL},
        STDOUT_FILENO);
    // A subscription is not acknowledged; events made before it are not seen. So markers are made
    // by a process of their own until the stream shows one.
    LineSource marker({.path = "/bin/sh",
                       .argv = {"/bin/sh", "-c",
                                absl::StrCat("i=0; while :; do i=$((i+1)); ", kCtr, " --address ",
                                             Socket(), " namespaces create ", namespace_,
                                             "-m$i || exit; ", kCtr, " --address ", Socket(),
                                             " namespaces remove ", namespace_, "-m$i; done")},
                       .parent_death_signal = SIGKILL},
                      STDOUT_FILENO);
    EXPECT_NE(events->Await("/namespaces/create"), "") << "no event arrives";
    marker.Stop(SIGKILL);
    return events;
  }

  // A shim that was told to end, or a `delete` under way, may still be at it.
  static void AwaitEnd(pid_t pid) {
    const absl::StatusOr<base::UniqueFd> process = base::OpenPidfd(pid);
    if (!process.ok()) return;
    pollfd end{.fd = process->get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&end, 1, 10000), 1) << "process " << pid << " does not end";
  }
  static std::vector<std::string> MountsBelow(const std::string& path) {
    std::vector<std::string> mounts;
    std::ifstream file("/proc/self/mountinfo");
    for (std::string line; std::getline(file, line);) {
      if (absl::StrContains(line, path + "/")) mounts.push_back(line);
    }
    return mounts;
  }
  static std::vector<std::string> Sockets() {
    std::vector<std::string> sockets = {"(listing)"};
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/run/containerd/s", error)) {
      sockets.push_back(entry.path().string());
    }
    std::sort(sockets.begin(), sockets.end());
    return sockets;
  }
  // The engine removes the container's cgroup; the namespace's parent directory is ours.
  void RemoveCgroups() {
    std::error_code error;
    for (const auto& hierarchy : std::filesystem::directory_iterator("/sys/fs/cgroup", error)) {
      for (const std::string& ns : {namespace_, namespace_ + "-b"}) {
        ::rmdir((hierarchy.path() / ns).c_str());
      }
    }
    for (const std::string& ns : {namespace_, namespace_ + "-b"}) {
      ::rmdir(absl::StrCat("/sys/fs/cgroup/", ns).c_str());
      ::rmdir(absl::StrCat("/run/containerd/runc/", ns).c_str());
    }
  }

  std::string namespace_;
  std::vector<std::string> sockets_before_;
  std::unique_ptr<LineSource> containerd_;
};

TEST_F(ContainerdTest, RunsInTheForeground) {
  const RunResult result = Run("fg", {"--rm"}, {"/bin/print_args", "one", "two"});
  EXPECT_EQ(result.status.ShellStatus(), 0u) << result.err;
  EXPECT_THAT(result.out, HasSubstr("one\ntwo\n"));
  const RunResult failing = Run("fg7", {"--rm"}, {"/bin/exit_code", "7"});
  EXPECT_EQ(failing.status.ShellStatus(), 7u) << failing.err;
  EXPECT_EQ(StatusOf("fg"), "");
}

TEST_F(ContainerdTest, ReportsAMissingProgram) {
  const RunResult result = Run("absent", {"--rm"}, {"/bin/no-such-program"});
  EXPECT_NE(result.status.ShellStatus(), 0u);
  EXPECT_THAT(result.err, HasSubstr("no-such-program"));
  EXPECT_EQ(StatusOf("absent"), "");
  (void)Ctr({"container", "rm", "absent"});
}

TEST_F(ContainerdTest, LivesDetached) {
  const std::unique_ptr<LineSource> events = Events();
  const RunResult started = Run("bg", {"--detach"}, {"/bin/pause"});
  ASSERT_EQ(started.status.ShellStatus(), 0u) << started.err;
  pid_t pid = 0;
  EXPECT_EQ(StatusOf("bg", &pid), "RUNNING");

  const RunResult exec = Ctr({"task", "exec", "--exec-id", "e1", "bg", "/bin/exit_code", "5"});
  EXPECT_EQ(exec.status.ShellStatus(), 5u) << exec.err;
  EXPECT_THAT(Ctr({"task", "ps", "bg"}).out, HasSubstr(absl::StrCat(pid)));
  EXPECT_EQ(Ctr({"task", "metrics", "bg"}).status.ShellStatus(), 0u);

  EXPECT_EQ(Ctr({"task", "pause", "bg"}).status.ShellStatus(), 0u);
  EXPECT_EQ(StatusOf("bg"), "PAUSED");
  EXPECT_EQ(Ctr({"task", "resume", "bg"}).status.ShellStatus(), 0u);
  EXPECT_EQ(StatusOf("bg"), "RUNNING");

  EXPECT_EQ(Ctr({"task", "kill", "--signal", "SIGKILL", "bg"}).status.ShellStatus(), 0u);
  while (true) {  // the exec's exit comes first in this stream
    const std::string line = events->Await("/tasks/exit");
    ASSERT_NE(line, "");
    if (absl::StrContains(line, "\"id\":\"bg\"")) break;
  }
  EXPECT_EQ(StatusOf("bg"), "STOPPED");
  ExpectDeleted(Ctr({"task", "delete", "bg"}));
  EXPECT_EQ(StatusOf("bg"), "");
  EXPECT_EQ(Ctr({"container", "rm", "bg"}).status.ShellStatus(), 0u);
}

TEST_F(ContainerdTest, ServesTwoNamespacesAtOnce) {
  const std::string other = namespace_ + "-b";
  ASSERT_EQ(Run("same-id", {"--detach"}, {"/bin/pause"}).status.ShellStatus(), 0u);
  ASSERT_EQ(Run("same-id", {"--detach"}, {"/bin/pause"}, other).status.ShellStatus(), 0u);
  for (const std::string& ns : {namespace_, other}) {
    EXPECT_THAT(CtrIn(ns, {"task", "ls"}).out, HasSubstr("RUNNING"));
  }
  ExpectDeleted(Ctr({"task", "delete", "--force", "same-id"}));
  EXPECT_THAT(CtrIn(other, {"task", "ls"}).out, HasSubstr("RUNNING")) << "the other one lives on";
  ExpectDeleted(CtrIn(other, {"task", "delete", "--force", "same-id"}));
  for (const std::string& ns : {namespace_, other}) {
    EXPECT_EQ(CtrIn(ns, {"container", "rm", "same-id"}).status.ShellStatus(), 0u);
  }
}

TEST_F(ContainerdTest, CleansUpAfterAKilledShim) {
  const std::unique_ptr<LineSource> events = Events();
  ASSERT_EQ(Run("orphaned", {"--detach"}, {"/bin/pause"}).status.ShellStatus(), 0u);
  pid_t init = 0;
  ASSERT_EQ(StatusOf("orphaned", &init), "RUNNING");
  const absl::StatusOr<base::UniqueFd> init_fd = base::OpenPidfd(init);
  ASSERT_TRUE(init_fd.ok());
  const std::vector<pid_t> shims = ProcessesWith("orphaned");
  ASSERT_EQ(shims.size(), 1u);
  ASSERT_EQ(::kill(shims[0], SIGKILL), 0);
  EXPECT_NE(events->Await("/tasks/exit"), "") << "containerd reports the loss itself";
  EXPECT_NE(events->Await("/tasks/delete"), "");
  EXPECT_TRUE(base::HasExited(*init_fd)) << "`delete` ended the container";
  EXPECT_EQ(StatusOf("orphaned"), "");
  EXPECT_EQ(Ctr({"container", "rm", "orphaned"}).status.ShellStatus(), 0u);
}

TEST_F(ContainerdTest, SurvivesARestartOfContainerd) {
  ASSERT_EQ(Run("lasting", {"--detach"}, {"/bin/pause"}).status.ShellStatus(), 0u);
  pid_t before = 0;
  ASSERT_EQ(StatusOf("lasting", &before), "RUNNING");
  containerd_->Stop(SIGTERM);
  StartContainerd();
  pid_t after = 0;
  EXPECT_EQ(StatusOf("lasting", &after), "RUNNING");
  EXPECT_EQ(after, before) << "the same task was reattached";
  const RunResult exec =
      Ctr({"task", "exec", "--exec-id", "e1", "lasting", "/bin/print_args", "hi"});
  EXPECT_EQ(exec.status.ShellStatus(), 0u) << exec.err;
  EXPECT_THAT(exec.out, HasSubstr("hi\n"));
  ExpectDeleted(Ctr({"task", "delete", "--force", "lasting"}));
  EXPECT_EQ(Ctr({"container", "rm", "lasting"}).status.ShellStatus(), 0u);
}

TEST_F(ContainerdTest, PublishesEventsInOrder) {
  const std::unique_ptr<LineSource> events = Events();
  ASSERT_EQ(Run("ordered", {"--rm"}, {"/bin/exit_code", "0"}).status.ShellStatus(), 0u);
  std::vector<std::string> topics;
  while (topics.empty() || topics.back() != "/tasks/delete") {
    const std::string line = events->Await("/tasks/");
    ASSERT_NE(line, "");
    for (const std::string& word : Words(line)) {
      if (absl::StartsWith(word, "/tasks/")) topics.push_back(word);
    }
  }
  EXPECT_THAT(topics, ElementsAre("/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"));
}

// --- an image of Wasm modules -----------------------------------------------------------------

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
    if (containerd_ == nullptr) return;
    BuildImage();
    const RunResult imported = Ctr(
        {"image", "import", "--snapshotter", "native", "--digests=false", temp_.File("image.tar")});
    ASSERT_EQ(imported.status.ShellStatus(), 0u) << imported.err;
  }

  void TearDown() override {
    if (containerd_ != nullptr) (void)Ctr({"image", "rm", "--sync", kImage});
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
  while (true) {  // the exec's exit comes first in this stream
    const std::string line = events->Await("/tasks/exit");
    ASSERT_NE(line, "");
    if (!absl::StrContains(line, "\"id\":\"bg\"")) continue;
    EXPECT_THAT(line, HasSubstr("\"exit_status\":143"));
    break;
  }
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
  const absl::StatusOr<base::UniqueFd> init_fd = base::OpenPidfd(init);
  ASSERT_TRUE(init_fd.ok());
  const std::vector<pid_t> shims = ProcessesWith("orphaned");
  ASSERT_EQ(shims.size(), 1u);
  ASSERT_EQ(::kill(shims[0], SIGKILL), 0);
  EXPECT_NE(events->Await("/tasks/exit"), "");
  EXPECT_NE(events->Await("/tasks/delete"), "");
  EXPECT_TRUE(base::HasExited(*init_fd)) << "`delete` ended the container";
  EXPECT_EQ(StatusOf("orphaned"), "");
  EXPECT_EQ(Ctr({"container", "rm", "orphaned"}).status.ShellStatus(), 0u);
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
