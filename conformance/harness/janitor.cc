// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/janitor.h"

#include <absl/strings/match.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/status_macros.h"
#include "conformance/harness/cgroup_tree.h"

namespace conformance {
namespace {

constexpr char kRunDirPrefix[] = "/shimgauge-";
// The kernel ends the processes of a killed world a moment after the run; no event tells when the
// last of them has left a cgroup of version 1.
constexpr int kRetryMilliseconds = 20;
constexpr int kRetriesMax = 500;

}  // namespace

absl::StatusOr<Janitor> Janitor::Start(const std::string& run_dir) {
  Janitor janitor;
  if (run_dir.empty()) return janitor;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe");
  const base::UniqueFd read_end(ends[0]);
  janitor.alive_.reset(ends[1]);
  base::SpawnSpec spec;
  spec.path = "/proc/self/exe";
  spec.argv = {"shimgauge", "janitor", run_dir};
  spec.cwd = "/";
  spec.fds = {{.source = read_end.get(), .target = STDIN_FILENO}};
  spec.group = base::SpawnSpec::Group::kSession;  // Ctrl-C is not for it
  ASSIGN_OR_RETURN(janitor.child_, base::Spawn(spec));
  return janitor;
}

Janitor::~Janitor() {
  if (!child_.pidfd.ok()) return;
  alive_.reset();
  while (::waitpid(child_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

int JanitorMain(const std::string& run_dir) {
  if (!absl::StartsWith(run_dir, kRunDirPrefix) || absl::StrContains(run_dir, "..")) return 2;
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR) {
  }
  const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(run_dir);
  if (!tree.ok()) return 4;
  for (int retry = 0; retry < kRetriesMax; ++retry) {
    tree->Thaw();  // a frozen process does not die
    if (tree->Remove().empty()) return 0;
    ::poll(nullptr, 0, kRetryMilliseconds);
  }
  return 4;
}

}  // namespace conformance
