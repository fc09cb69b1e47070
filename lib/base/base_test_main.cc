// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace base::testing {
namespace {

void Print(int fd, const std::string& text) {
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(126);
}

int Number(const std::string& text) {
  int number = -1;
  return absl::SimpleAtoi(text, &number) ? number : -1;
}

// args: FD. Writes one line "N TARGET" per open descriptor to FD.
int ListFds(const std::vector<std::string>& args) {
  std::string text;
  for (const auto& [fd, target] : OpenFds()) absl::StrAppend(&text, fd, " ", target, "\n");
  Print(Number(args.at(0)), text);
  return 0;
}

// args: FD... Writes one line "FD CONTENT" for each, read to EOF.
int ReadFds(const std::vector<std::string>& args) {
  for (const std::string& arg : args) {
    const UniqueFd fd(Number(arg));
    Print(1, absl::StrCat(arg, " ", ReadToEof(fd), "\n"));
  }
  return 0;
}

// Writes "pid PID\nppid ...\npgid ...\nsid ...\ncwd ...\n".
int Identity(const std::vector<std::string>&) {
  char cwd[4096];
  if (::getcwd(cwd, sizeof(cwd)) == nullptr) return 1;
  Print(1, absl::StrCat("pid ", ::getpid(), "\nppid ", ::getppid(), "\npgid ", ::getpgrp(),
                        "\nsid ", ::getsid(0), "\ncwd ", cwd, "\n"));
  return 0;
}

// args: COUNT CODE. Starts COUNT shells that end with CODE once stdin is at EOF, prints their pids
// and ends at once, making them orphans.
int MakeOrphans(const std::vector<std::string>& args) {
  for (int i = 0; i < Number(args.at(0)); ++i) {
    SpawnSpec spec;
    spec.path = "/bin/sh";
    spec.argv = {"sh", "-c", "read _; exit " + args.at(1)};
    spec.fds = {{0, 0}};
    const auto child = Spawn(spec);
    if (!child.ok()) return 1;
    Print(1, absl::StrCat(child->pid, "\n"));
  }
  return 0;
}

// Starts a process that dies with us, prints its pid, and waits to be killed.
int DieWithParent(const std::vector<std::string>&) {
  SpawnSpec spec;
  spec.path = "/bin/sh";
  spec.argv = {"sh", "-c", "read _"};
  spec.fds = {{0, 0}};
  spec.parent_death_signal = SIGUSR1;
  const auto child = Spawn(spec);
  if (!child.ok()) return 1;
  Print(1, absl::StrCat(child->pid, "\n"));
  for (;;) ::pause();
}

}  // namespace
}  // namespace base::testing

int main(int argc, char** argv) {
  using namespace base::testing;
  return RunTestsOrChild(argc, argv,
                         {{"list_fds", &ListFds},
                          {"read_fds", &ReadFds},
                          {"identity", &Identity},
                          {"make_orphans", &MakeOrphans},
                          {"die_with_parent", &DieWithParent}});
}
