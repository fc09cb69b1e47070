// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/faulty_daemon.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "fakes/faulty_shim/fault_plan.h"
#include "reference-shim/shim/serve_command.h"

namespace fakes {

namespace {

// Of whoever ran `start`: the parent of our parent.
pid_t GroupOfContainerd() {
  std::ifstream file("/proc/" + std::to_string(::getppid()) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  const std::size_t name_end = stat.rfind(')');  // then comes " S PPID"
  if (name_end == std::string::npos || stat.size() < name_end + 5) return 0;
  return ::getpgid(std::atoi(stat.c_str() + name_end + 4));
}

}  // namespace

void BeginDaemon() {
  if (Fire("join", "daemon") != nullptr) (void)::setpgid(0, GroupOfContainerd());
  // A failure is that of a fault that did not come about: its checks stay green.
  if (Fire("unshare", "daemon") != nullptr) (void)::unshare(CLONE_NEWNS);
  if (const Rule* rule = Fire("defer", "listen")) {
    ::poll(nullptr, 0, static_cast<int>(rule->Number("ms")));
    (void)::listen(shim::kListenerFd, SOMAXCONN);
  }
}

}  // namespace fakes
