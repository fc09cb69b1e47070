// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/spawn.h"
#include "base/status_macros.h"
#include "benchmarks/tasks/run_program.h"
#include "benchmarks/wasm/bench.h"
#include "fakes/containerd/bundle_maker.h"

namespace benchmarks::wasm {
namespace {

constexpr char kContainerd[] = "/usr/bin/containerd";
constexpr char kCtr[] = "/usr/bin/ctr";
constexpr int kBootTries = 2000;
constexpr std::chrono::milliseconds kBootLook{5};

// A containerd of our own, in the private /run.
class PrivateContainerd {
 public:
  explicit PrivateContainerd(Bench& bench)
      : directory_(bench.place().directory + "/containerd"),
        bin_(bench.settings().bin),
        namespace_(absl::StrCat("wasm-benchmark-", ::getpid())) {}
  ~PrivateContainerd() {
    if (child_.pid < 0) return;
    ::kill(child_.pid, SIGTERM);
    while (::waitpid(child_.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    tasks::RemoveCgroupParent("/" + namespace_);
  }
  PrivateContainerd(const PrivateContainerd&) = delete;
  PrivateContainerd& operator=(const PrivateContainerd&) = delete;

  absl::Status Start();
  absl::StatusOr<tasks::ProgramRun> Ctr(const std::vector<std::string>& words) const;

 private:
  [[nodiscard]] std::string Socket() const { return directory_ + "/c.sock"; }

  std::string directory_;
  std::string bin_;
  std::string namespace_;
  base::Child child_;
};

absl::Status PrivateContainerd::Start() {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  const std::string config = directory_ + "/config.toml";
  RETURN_IF_ERROR(fakes::WriteTextFile(
      config, absl::StrCat("version = 2\nroot = \"", directory_, "/root\"\nstate = \"", directory_,
                           "/state\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n"
                           "[grpc]\naddress = \"",
                           Socket(), "\"\n")));
  const std::vector<std::string> env = {
      absl::StrCat("PATH=", bin_, ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
      absl::StrCat("SHIMGAUGE_WASM_CACHE=", directory_, "/cache")};
  ASSIGN_OR_RETURN(child_, base::Spawn({.path = kContainerd,
                                        .argv = {kContainerd, "--config", config},
                                        .env = env,
                                        .cwd = "/",
                                        .parent_death_signal = SIGKILL}));
  // It tells nobody when it is ready.
  for (int i = 0; i < kBootTries; ++i) {
    if (Ctr({"version"}).ok()) return absl::OkStatus();
    tasks::Rest(kBootLook);
  }
  return absl::UnavailableError("containerd does not answer");
}

absl::StatusOr<tasks::ProgramRun> PrivateContainerd::Ctr(
    const std::vector<std::string>& words) const {
  tasks::ProgramOrder order{.path = kCtr,
                            .argv = {kCtr, "--address", Socket(), "--namespace", namespace_},
                            .env = {},
                            .cwd = "/"};
  order.argv.insert(order.argv.end(), words.begin(), words.end());
  return tasks::RunProgram(order);
}

struct Side {
  const char* name;
  const char* runtime;
  std::vector<std::string> args;
};

absl::Status Measure(Bench& bench, const PrivateContainerd& containerd,
                     const std::vector<Side>& sides, tasks::SampleTable& table) {
  constexpr char kClient[] = "`ctr version`";
  const int rounds = std::max(1, bench.settings().rounds / 2);
  for (int round = -1; round < rounds; ++round) {
    tasks::Progress(absl::StrCat("containerd: round ", round + 1, " of ", rounds));
    ASSIGN_OR_RETURN(const tasks::ProgramRun client, containerd.Ctr({"version"}));
    if (round >= 0) table.Add("whole command", kClient, tasks::Millis(client.took));
    for (const Side& side : sides) {
      std::vector<std::string> words = {"run",          "--rm",     "--runtime",
                                        side.runtime,   "--rootfs", bench.place().rootfs(),
                                        bench.FreshId()};
      words.insert(words.end(), side.args.begin(), side.args.end());
      absl::StatusOr<tasks::ProgramRun> run = containerd.Ctr(words);
      if (!run.ok()) return base::Annotate(run.status(), side.name);
      if (run->output.find("hello") == std::string::npos) {
        return absl::InternalError(absl::StrCat(side.name, " prints: ", run->output));
      }
      if (round >= 0) table.Add("whole command", side.name, tasks::Millis(run->took));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureContainerd(Bench& bench) {
  std::printf("\n### `ctr run --rm` of the hello program under containerd\n\n");
  for (const char* program : {kContainerd, kCtr, "/usr/bin/containerd-shim-runc-v2"}) {
    if (::access(program, X_OK) == 0) continue;
    std::printf("Not measured: %s is not installed.\n", program);
    return absl::OkStatus();
  }
  PrivateContainerd containerd(bench);
  RETURN_IF_ERROR(containerd.Start());
  const std::vector<std::string> native = {"/bin/print_args", "hello"};
  const std::vector<Side> sides = {
      {.name = "reference, Wasm", .runtime = "io.containerd.reference.v1", .args = HelloArgs()},
      {.name = "reference, native program by runc",
       .runtime = "io.containerd.reference.v1",
       .args = native},
      {.name = "runc-v2, native program by runc",
       .runtime = "io.containerd.runc.v2",
       .args = native},
  };
  tasks::SampleTable table = bench.NewTable("ms", 1);
  RETURN_IF_ERROR(Measure(bench, containerd, sides, table));
  tasks::Progress("");
  std::printf("%s", table.Markdown({.side = "runc-v2, native program by runc"}).c_str());
  return absl::OkStatus();
}

}  // namespace benchmarks::wasm
