// SPDX-License-Identifier: Apache-2.0
#include "conformance/bench/git_repository.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <utility>

#include "base/status_macros.h"
#include "conformance/bench/run_program.h"

namespace conformance {
namespace {

// What git prints is read, so it must be in one language; and a hook of the user's must not act on
// what is no checkout of theirs. In a hook itself git tells the repository by variables. It may
// belong to somebody else than to root, who measures; what it holds is going to be run anyway.
absl::StatusOr<ProgramEnd> Git(std::vector<std::string> words, const std::string& directory,
                               benchmarks::Interrupts* interrupts) {
  std::vector<std::string> argv = absl::StrSplit(
      "env -u GIT_DIR -u GIT_WORK_TREE -u GIT_INDEX_FILE LC_ALL=C "
      "git -c core.hooksPath=/dev/null -c safe.directory=* -c advice.detachedHead=false",
      ' ');
  argv.insert(argv.end(), std::make_move_iterator(words.begin()),
              std::make_move_iterator(words.end()));
  return RunProgram(argv, directory, interrupts);
}

// The output of a git that must succeed.
absl::StatusOr<std::string> GitOutput(const std::vector<std::string>& words,
                                      const std::string& directory,
                                      benchmarks::Interrupts* interrupts) {
  ASSIGN_OR_RETURN(ProgramEnd end, Git(words, directory, interrupts));
  absl::StripAsciiWhitespace(&end.output);
  if (end.exit.ShellStatus() == 0) return std::move(end.output);
  return absl::InternalError(absl::StrCat(
      "git ", absl::StrJoin(words, " "), ": ",
      end.output.empty() ? absl::StrCat("exit code ", end.exit.ShellStatus()) : end.output));
}

}  // namespace

absl::StatusOr<GitRepository> GitRepository::Open(const std::string& directory,
                                                  benchmarks::Interrupts* interrupts) {
  absl::StatusOr<std::string> top =
      GitOutput({"rev-parse", "--show-toplevel"}, directory, interrupts);
  if (absl::IsCancelled(top.status())) return top.status();
  if (!top.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory, ": expected a git repository: ", top.status().message()));
  }
  return GitRepository(*std::move(top), interrupts);
}

absl::StatusOr<std::string> GitRepository::Commit(const std::string& revision) const {
  ASSIGN_OR_RETURN(ProgramEnd end, Git({"rev-parse", "--verify", "--quiet", "--end-of-options",
                                        absl::StrCat(revision, "^{commit}")},
                                       directory_, interrupts_));
  absl::StripAsciiWhitespace(&end.output);
  if (end.exit.ShellStatus() == 0) {
    // Older gits print the option that ends the options, too.
    return std::string(absl::StripPrefix(end.output, "--end-of-options\n"));
  }
  return absl::InvalidArgumentError(absl::StrCat("'", revision, "' is no commit of ", directory_));
}

absl::StatusOr<std::string> GitRepository::Head() const {
  return GitOutput({"describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"}, directory_,
                   interrupts_);
}

absl::StatusOr<bool> GitRepository::IsAncestor(const std::string& commit,
                                               const std::string& of) const {
  ASSIGN_OR_RETURN(const ProgramEnd end,
                   Git({"merge-base", "--is-ancestor", commit, of}, directory_, interrupts_));
  if (end.exit.ShellStatus() > 1) {
    return absl::InternalError(absl::StrCat("git merge-base: ", end.output));
  }
  return end.exit.ShellStatus() == 0;
}

absl::StatusOr<std::string> GitRepository::Describe(const std::string& commit) const {
  return GitOutput({"show", "--no-patch", "--format=%h %s", commit}, directory_, interrupts_);
}

absl::StatusOr<GitWorktree> GitWorktree::Add(const GitRepository& repository,
                                             const std::string& path, const std::string& commit) {
  GitWorktree worktree(repository, path);  // a half-made one is removed, too
  RETURN_IF_ERROR(GitOutput({"worktree", "add", "--quiet", "--detach", path, commit},
                            repository.directory(), repository.interrupts())
                      .status());
  return worktree;
}

GitWorktree::~GitWorktree() {
  if (path_.empty()) return;
  // Not to be interrupted; a failure leaves what `git worktree prune` finds once it is gone.
  (void)Git({"worktree", "remove", "--force", "--force", path_}, repository_->directory(), nullptr);
}

GitWorktree::GitWorktree(GitWorktree&& other) noexcept
    : repository_(other.repository_), path_(std::exchange(other.path_, "")) {}

absl::StatusOr<std::string> GitWorktree::Head() const {
  return GitOutput({"rev-parse", "HEAD"}, path_, repository_->interrupts());
}

absl::Status GitWorktree::Reset() const {
  return GitOutput({"reset", "--quiet", "--hard"}, path_, repository_->interrupts()).status();
}

absl::StatusOr<std::string> GitWorktree::Bisect(const std::vector<std::string>& words) const {
  std::vector<std::string> all = {"bisect"};
  all.insert(all.end(), words.begin(), words.end());
  ASSIGN_OR_RETURN(ProgramEnd end, Git(std::move(all), path_, repository_->interrupts()));
  return std::move(end.output);
}

}  // namespace conformance
