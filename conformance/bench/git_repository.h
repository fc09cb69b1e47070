// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "benchmarks/interrupts.h"

namespace conformance {

// The repository of a user, driven by the git in PATH. Nothing here touches the work tree, the
// index, the branches or the stash; hooks do not run. CANCELLED on an interrupt.
class GitRepository {
 public:
  // The repository that holds `directory`. INVALID_ARGUMENT when there is none. `interrupts` is
  // borrowed, and may be nullptr.
  static absl::StatusOr<GitRepository> Open(const std::string& directory,
                                            benchmarks::Interrupts* interrupts);

  // The full id of the commit that `revision` names. INVALID_ARGUMENT names a wrong one.
  [[nodiscard]] absl::StatusOr<std::string> Commit(const std::string& revision) const;
  // As Commit("HEAD"), and "-dirty" behind it when tracked files have changed since.
  [[nodiscard]] absl::StatusOr<std::string> Head() const;
  [[nodiscard]] absl::StatusOr<bool> IsAncestor(const std::string& commit,
                                                const std::string& of) const;
  // "1a2b3c4 Subject of the commit".
  [[nodiscard]] absl::StatusOr<std::string> Describe(const std::string& commit) const;

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] benchmarks::Interrupts* interrupts() const { return interrupts_; }

 private:
  GitRepository(std::string directory, benchmarks::Interrupts* interrupts)
      : directory_(std::move(directory)), interrupts_(interrupts) {}

  std::string directory_;
  benchmarks::Interrupts* interrupts_;
};

// A further work tree of a repository, in a directory of its own, removed with all it holds by the
// destructor. What is in progress in it (a bisection) is its own, too.
class GitWorktree {
 public:
  // Below `path`, which must not be there yet. `repository` is borrowed.
  static absl::StatusOr<GitWorktree> Add(const GitRepository& repository, const std::string& path,
                                         const std::string& commit);
  ~GitWorktree();
  GitWorktree(GitWorktree&& other) noexcept;
  GitWorktree& operator=(GitWorktree&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // The commit that is checked out.
  [[nodiscard]] absl::StatusOr<std::string> Head() const;
  // Undoes what a build did to tracked files.
  [[nodiscard]] absl::Status Reset() const;

  // `git bisect WORDS...` here; what it printed. Its exit code is not looked at.
  [[nodiscard]] absl::StatusOr<std::string> Bisect(const std::vector<std::string>& words) const;

 private:
  GitWorktree(const GitRepository& repository, std::string path)
      : repository_(&repository), path_(std::move(path)) {}
  const GitRepository* repository_;
  std::string path_;  // empty: moved from
};

}  // namespace conformance
