// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/own_children.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace fakes {

std::vector<pid_t> ListChildren() {
  std::ifstream file(absl::StrCat("/proc/self/task/", ::getpid(), "/children"));
  std::stringstream text;
  text << file.rdbuf();
  std::vector<pid_t> pids;
  for (const absl::string_view word : absl::StrSplit(text.str(), ' ', absl::SkipEmpty())) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(word, &pid)) pids.push_back(pid);
  }
  return pids;
}

}  // namespace fakes
