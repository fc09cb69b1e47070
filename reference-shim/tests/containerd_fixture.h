// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"

namespace shim {

// What is between blanks.
std::vector<std::string> Words(const std::string& line);

// Pids of processes one of whose arguments is `argument`.
std::vector<pid_t> ProcessesWith(const std::string& argument);

// A process of ours with one of its outputs readable line by line; ends with the object.
class LineSource {
 public:
  LineSource(base::SpawnSpec spec, int output);
  ~LineSource() { Stop(SIGKILL); }
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  // "" at the end of the output.
  std::string NextLine();
  // Reads on until a line contains `text`; "" if the output ends first.
  std::string Await(const std::string& text);
  void Stop(int signo);

 private:
  base::Child child_;
  base::UniqueFd read_;
};

// The reference shim under a real containerd, driven with ctr: a private daemon per test, with its
// own root, state and sockets; nothing of it is left afterwards. Skipped where there is none.
class ContainerdTest : public base::testing::ProcessTest {
 protected:
  using RunResult = base::testing::RunResult;

  void SetUp() override;
  void TearDown() override;

  void StartContainerd();
  // False if SetUp has skipped the test.
  [[nodiscard]] bool running() const { return containerd_ != nullptr; }
  void StopContainerd() { containerd_->Stop(SIGTERM); }

  RunResult CtrIn(const std::string& ns, std::vector<std::string> args);
  RunResult Ctr(std::vector<std::string> args) { return CtrIn(namespace_, std::move(args)); }
  // `ctr run` of a program of the rootfs; extra flags first.
  RunResult Run(const std::string& id, std::vector<std::string> flags,
                const std::vector<std::string>& command, const std::string& ns = "");

  // `ctr task delete` of a task that was killed: newer ones exit with its status, older ones say
  // it.
  static void ExpectDeleted(const RunResult& result);
  // STATUS column of `ctr task ls` for `id`, "" when it is not listed; pid in `pid`.
  std::string StatusOf(const std::string& id, pid_t* pid = nullptr);
  // `ctr events`, known to be subscribed: a marker was seen in it.
  std::unique_ptr<LineSource> Events();
  // Reads on to the exit event of the init of `id`, behind those of execs; "" if there is none.
  static std::string AwaitExitOf(LineSource& events, const std::string& id);
  // Kills the shim of `id`, which runs: `process` ends for it, containerd tells the loss on
  // `events`, and only the container has to be removed.
  void ExpectCleanUpOfAKilledShim(const std::string& id, LineSource& events, pid_t process);
  // Where the client of these tests connects to.
  [[nodiscard]] std::string Socket() const { return temp_.File("c.sock"); }

  std::string namespace_;

 private:
  [[nodiscard]] std::vector<std::string> Environment() const;
  void RemoveCgroups();

  std::vector<std::string> sockets_before_;
  std::unique_ptr<LineSource> containerd_;
};

inline constexpr char kRuntime[] = "io.containerd.reference.v1";
inline constexpr char kCtr[] = "/usr/bin/ctr";

}  // namespace shim
