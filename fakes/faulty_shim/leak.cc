// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/leak.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <thread>

namespace fakes {
namespace {

constexpr int kDescriptorsMax = 1024;

// With everything that this process has.
void LeakCopy() {
  if (::fork() != 0) return;
  for (;;) ::pause();
}

// With the socket at which clients arrive, and nothing else.
void LeakListener() {
  if (::fork() != 0) return;
  for (int fd = 0; fd < kDescriptorsMax; ++fd) {
    int listens = 0;
    socklen_t size = sizeof(listens);
    const bool socket = ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0;
    if (!socket || listens == 0) ::close(fd);
  }
  for (;;) ::pause();
}

void LeakChild() {
  if (::fork() != 0) return;
  // What it inherited is not what is to be left behind.
  ::syscall(SYS_close_range, 0U, UINT_MAX, 0U);
  for (;;) ::pause();
}

}  // namespace

void LeakMemory(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) std::memset(memory, 1, bytes);
}

void Leak(const Rule& rule) {
  const std::string what = rule.Text("what");
  if (what == "fd") (void)::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (what == "thread") {
    std::thread([] {
      for (;;) ::pause();
    }).detach();
  }
  if (what == "child") LeakChild();
  if (what == "copy") LeakCopy();
  if (what == "listener") LeakListener();
  if (what == "memory") LeakMemory(static_cast<std::size_t>(rule.Number("bytes", 1 << 20)));
}

}  // namespace fakes
