// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/tests/containerd_fixture.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/kernel_file.h"
#include "base/pidfd.h"

namespace shim {
namespace {

using ::testing::IsEmpty;

constexpr char kContainerd[] = "/usr/bin/containerd";

// With our shim in PATH, which keeps native code of Wasm modules in `cache`.
std::vector<std::string> EnvironmentOfShim(const std::string& cache) {
  std::vector<std::string> env = {absl::StrCat("SHIMGAUGE_WASM_CACHE=", cache)};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!absl::StartsWith(*entry, "PATH=")) env.emplace_back(*entry);
  }
  env.push_back(absl::StrCat("PATH=", SHIMGAUGE_BIN_DIR, ":/usr/sbin:/usr/bin:/sbin:/bin"));
  return env;
}

// A shim that was told to end, or a `delete` under way, may still be at it.
void AwaitEnd(pid_t pid) {
  const absl::StatusOr<base::UniqueFd> process = base::OpenPidfd(pid);
  if (!process.ok()) return;
  pollfd end{.fd = process->get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&end, 1, 10000), 1) << "process " << pid << " does not end";
}

std::vector<std::string> MountsBelow(const std::string& path) {
  std::vector<std::string> mounts;
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    if (absl::StrContains(line, path + "/")) mounts.push_back(line);
  }
  return mounts;
}

std::vector<std::string> Sockets() {
  std::vector<std::string> sockets = {"(listing)"};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/run/containerd/s", error)) {
    sockets.push_back(entry.path().string());
  }
  std::sort(sockets.begin(), sockets.end());
  return sockets;
}

}  // namespace

std::vector<std::string> Words(const std::string& line) {
  return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
}

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

LineSource::LineSource(base::SpawnSpec spec, int output) {
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

std::string LineSource::NextLine() { return base::testing::ReadLine(read_); }

std::string LineSource::Await(const std::string& text) {
  for (std::string line = NextLine(); !line.empty(); line = NextLine()) {
    if (absl::StrContains(line, text)) return line;
  }
  return "";
}

void LineSource::Stop(int signo) {
  if (child_.pid < 0) return;
  ::kill(child_.pid, signo);
  base::testing::ReadToEof(read_);
  (void)base::testing::WaitForExit(child_.pid);
  child_ = {};
}

void ContainerdTest::SetUp() {
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

void ContainerdTest::TearDown() {
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

std::vector<std::string> ContainerdTest::Environment() const {
  return EnvironmentOfShim(temp_.File("wasm-cache"));
}

void ContainerdTest::StartContainerd() {
  if (sockets_before_.empty()) sockets_before_ = Sockets();
  containerd_ = std::make_unique<LineSource>(
      base::SpawnSpec{.path = kContainerd,
                      .argv = {kContainerd, "--config", temp_.File("config.toml")},
                      .env = Environment(),
                      .parent_death_signal = SIGKILL},
      STDERR_FILENO);
  ASSERT_NE(containerd_->Await("containerd successfully booted"), "") << "containerd ended";
}

base::testing::RunResult ContainerdTest::CtrIn(const std::string& ns,
                                               std::vector<std::string> args) {
  args.insert(args.begin(), {kCtr, "--address", Socket(), "--namespace", ns});
  absl::StatusOr<RunResult> result =
      base::testing::RunToExit({.path = kCtr, .argv = args, .parent_death_signal = SIGKILL}, "");
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : RunResult{};
}

base::testing::RunResult ContainerdTest::Run(const std::string& id, std::vector<std::string> flags,
                                             const std::vector<std::string>& command,
                                             const std::string& ns) {
  std::vector<std::string> args = {"run", "--runtime", kRuntime, "--rootfs"};
  args.insert(args.end(), flags.begin(), flags.end());
  args.push_back(temp_.File("rootfs"));
  args.push_back(id);
  args.insert(args.end(), command.begin(), command.end());
  return CtrIn(ns.empty() ? namespace_ : ns, std::move(args));
}

void ContainerdTest::ExpectDeleted(const RunResult& result) {
  EXPECT_TRUE(result.status.ShellStatus() == 137 ||
              absl::StrContains(absl::StrCat(result.out, result.err), "137"))
      << "exit code " << result.status.ShellStatus() << ": " << result.out << result.err;
}

std::string ContainerdTest::StatusOf(const std::string& id, pid_t* pid) {
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

std::unique_ptr<LineSource> ContainerdTest::Events() {
  auto events =
      std::make_unique<LineSource>(base::SpawnSpec{.path = kCtr,
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

void ContainerdTest::ExpectCleanUpOfAKilledShim(const std::string& id, LineSource& events,
                                                pid_t process) {
  const absl::StatusOr<base::UniqueFd> process_fd = base::OpenPidfd(process);
  ASSERT_TRUE(process_fd.ok()) << process_fd.status();
  const std::vector<pid_t> shims = ProcessesWith(id);
  ASSERT_EQ(shims.size(), 1u);
  ASSERT_EQ(::kill(shims[0], SIGKILL), 0);
  EXPECT_NE(events.Await("/tasks/exit"), "") << "containerd reports the loss itself";
  EXPECT_NE(events.Await("/tasks/delete"), "");
  EXPECT_TRUE(base::HasExited(*process_fd)) << "`delete` ends what the shim has left";
  EXPECT_EQ(StatusOf(id), "");
  EXPECT_EQ(Ctr({"container", "rm", id}).status.ShellStatus(), 0u);
}

std::string ContainerdTest::AwaitExitOf(LineSource& events, const std::string& id) {
  const std::string field = absl::StrCat("\"id\":\"", id, "\"");
  for (std::string line = events.Await("/tasks/exit"); !line.empty();
       line = events.Await("/tasks/exit")) {
    if (absl::StrContains(line, field)) return line;
  }
  return "";
}

// The engine removes the container's cgroup; the namespace's parent directory is ours.
void ContainerdTest::RemoveCgroups() {
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

}  // namespace shim
