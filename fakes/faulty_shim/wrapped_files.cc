// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

#include "fakes/faulty_shim/wrapped.h"

// System calls about files and descriptors.
namespace fakes {

FAULTY_SHIM_WRAPS(int, Open, "open", const char* path, int flags, ...);
FAULTY_SHIM_WRAPS(int, Close, "close", int fd);
FAULTY_SHIM_WRAPS(ssize_t, Write, "write", int fd, const void* bytes, std::size_t size);
FAULTY_SHIM_WRAPS(ssize_t, Pwrite, "pwrite", int fd, const void* bytes, std::size_t size, off_t at);
FAULTY_SHIM_WRAPS(int, Unlink, "unlink", const char* path);
FAULTY_SHIM_WRAPS(int, Rename, "rename", const char* from, const char* to);
FAULTY_SHIM_WRAPS(int, Mkdir, "mkdir", const char* path, mode_t mode);
FAULTY_SHIM_WRAPS(int, Fchmod, "fchmod", int fd, mode_t mode);
FAULTY_SHIM_WRAPS(int, Fchown, "fchown", int fd, uid_t uid, gid_t gid);
FAULTY_SHIM_WRAPS(int, Fcntl, "fcntl", int fd, int command, ...);
FAULTY_SHIM_WRAPS(int, Flock, "flock", int fd, int operation);
FAULTY_SHIM_WRAPS(int, Mount, "mount", const char* source, const char* target, const char* type,
                  unsigned long flags, const void* data);
FAULTY_SHIM_WRAPS(int, Umount2, "umount2", const char* target, int flags);

std::string AccessOf(int flags) {
  const int access = flags & O_ACCMODE;
  return access == O_RDWR ? "rw" : access == O_WRONLY ? "w" : "r";
}

FaultPlan::Facts FactsOf(int fd) {
  const int error_number = errno;
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), path, sizeof(path));
  const int flags = RealFcntl(fd, F_GETFL);
  errno = error_number;
  return {{"path", std::string(path, size > 0 ? static_cast<std::size_t>(size) : 0)},
          {"access", flags < 0 ? "" : AccessOf(flags)},
          {"nonblocking", flags >= 0 && (flags & O_NONBLOCK) != 0 ? "yes" : "no"}};
}

namespace {

int Fail(const Rule& rule) {
  errno = static_cast<int>(rule.Number("errno"));
  return -1;
}

// A FIFO that nobody else has.
int OpenPipeEnd(int flags) {
  int ends[2];
  if (::pipe2(ends, flags & (O_CLOEXEC | O_NONBLOCK)) != 0) return -1;
  const bool reads = (flags & O_ACCMODE) == O_RDONLY;
  RealClose(ends[reads ? 1 : 0]);
  return ends[reads ? 0 : 1];
}

// Of FIFOs: a write end, which there is only as long as somebody reads. It stays until the shim
// has a write end of its own, since one that comes and goes is an end of file to the reader.
std::map<std::string, int>& WriteEnds() {
  static std::map<std::string, int> ends;
  return ends;
}

// Whether somebody reads the FIFO; with `wait`, once somebody does.
bool HasReader(const std::string& path, bool wait) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISFIFO(info.st_mode)) return true;
  const int fd = RealOpen(path.c_str(), O_WRONLY | O_CLOEXEC | (wait ? 0 : O_NONBLOCK));
  if (fd < 0) return false;
  const auto [place, added] = WriteEnds().emplace(path, fd);
  if (!added) RealClose(std::exchange(place->second, fd));
  return true;
}

void ForgetWriteEnd(const std::string& path) {
  const auto node = WriteEnds().extract(path);
  if (!node.empty()) RealClose(node.mapped());
}

}  // namespace

int WrapOpen(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  FaultPlan::Facts facts = {{"path", path}, {"access", AccessOf(flags)}};
  if (PlanHas("fail", "open") && facts["access"] == "r") {
    facts["reader"] = HasReader(path, /*wait=*/false) ? "some" : "none";
  }
  if (const Rule* rule = Fire("fail", "open", facts)) return Fail(*rule);
  if (Fire("await", "open", facts) != nullptr) HasReader(path, /*wait=*/true);
  if (const Rule* rule = Fire("divert", "open", facts)) {
    const std::string file = rule->Text("file");
    return file == "pipe" ? OpenPipeEnd(flags) : RealOpen(file.c_str(), flags, mode);
  }
  if (const Rule* rule = Fire("add", "open", facts)) {
    flags |= static_cast<int>(rule->Number("flag"));
  }
  if (const Rule* rule = Fire("drop", "open", facts)) {
    flags &= ~static_cast<int>(rule->Number("flag"));
  }
  if (const Rule* rule = Fire("alter", "open", facts)) {
    mode = static_cast<mode_t>(rule->Number("mode"));
  }
  const int fd = RealOpen(path, flags, mode);
  if (facts["access"] == "w") ForgetWriteEnd(path);
  return fd;
}

int WrapClose(int fd) {
  if (PlanHas("unlink", "close")) {
    const FaultPlan::Facts facts = FactsOf(fd);
    if (Fire("unlink", "close", facts) != nullptr) RealUnlink(facts.at("path").c_str());
  }
  if (PlanHas("skip", "close") && Fire("skip", "close", FactsOf(fd)) != nullptr) return 0;
  return RealClose(fd);
}

namespace {

// The rules about a write that fails with `errno`; whether it is to be tried again.
bool SufferFailedWrite(int fd) {
  const int error = errno;
  const char* name = error == EPIPE ? "EPIPE" : error == EAGAIN ? "EAGAIN" : "";
  FaultPlan::Facts facts = FactsOf(fd);
  facts["error"] = name;
  if (Fire("crash", "write", facts) != nullptr) std::abort();
  const bool blocks = error == EAGAIN && Fire("block", "write", facts) != nullptr;
  if (blocks) {
    pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
    ::poll(&room, 1, -1);
  }
  errno = error;
  return blocks;
}

}  // namespace

ssize_t WrapWrite(int fd, const void* bytes, std::size_t size) {
  if (PlanHas("lose", "write")) {
    if (const Rule* rule = Fire("lose", "write", FactsOf(fd))) {
      const auto kept = static_cast<std::size_t>(rule->Number("keep"));
      if (kept == 0) return static_cast<ssize_t>(size);
      const ssize_t written = RealWrite(fd, bytes, std::min(size, kept));
      return written < 0 ? written : static_cast<ssize_t>(size);
    }
  }
  const ssize_t written = RealWrite(fd, bytes, size);
  if (written >= 0 || !(PlanHas("crash", "write") || PlanHas("block", "write"))) return written;
  return SufferFailedWrite(fd) ? RealWrite(fd, bytes, size) : written;
}

ssize_t WrapPwrite(int fd, const void* bytes, std::size_t size, off_t at) {
  if (PlanHas("skip", "pwrite") && Fire("skip", "pwrite", FactsOf(fd)) != nullptr) {
    return static_cast<ssize_t>(size);
  }
  return RealPwrite(fd, bytes, size, at);
}

int WrapUnlink(const char* path) {
  if (Fire("skip", "unlink", {{"path", path}}) != nullptr) return 0;
  if (const Rule* rule = Fire("fail", "unlink", {{"path", path}})) return Fail(*rule);
  return RealUnlink(path);
}

int WrapRename(const char* from, const char* to) {
  if (const Rule* rule = Fire("fail", "rename", {{"path", to}})) return Fail(*rule);
  if (Fire("skip", "rename", {{"path", to}}) != nullptr) return RealUnlink(from);
  return RealRename(from, to);
}

int WrapMkdir(const char* path, mode_t mode) {
  const Rule* rule = Fire("alter", "mkdir", {{"path", path}});
  return RealMkdir(path, rule == nullptr ? mode : static_cast<mode_t>(rule->Number("mode")));
}

int WrapFchmod(int fd, mode_t mode) {
  if (PlanHas("skip", "fchmod") && Fire("skip", "fchmod", FactsOf(fd)) != nullptr) return 0;
  if (PlanHas("alter", "fchmod")) {
    const Rule* rule = Fire("alter", "fchmod", FactsOf(fd));
    if (rule != nullptr) mode = static_cast<mode_t>(rule->Number("mode"));
  }
  return RealFchmod(fd, mode);
}

int WrapFchown(int fd, uid_t uid, gid_t gid) {
  if (PlanHas("skip", "fchown") && Fire("skip", "fchown", FactsOf(fd)) != nullptr) return 0;
  return RealFchown(fd, uid, gid);
}

int WrapFcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);  // an int arrives the same way
  va_end(arguments);
  if (command == F_SETFL && PlanHas("skip", "fcntl") &&
      Fire("skip", "fcntl", FactsOf(fd)) != nullptr) {
    return 0;
  }
  return RealFcntl(fd, command, argument);
}

int WrapFlock(int fd, int operation) {
  if (PlanHas("skip", "flock") && Fire("skip", "flock", FactsOf(fd)) != nullptr) return 0;
  return RealFlock(fd, operation);
}

int WrapMount(const char* source, const char* target, const char* type, unsigned long flags,
              const void* data) {
  if (Fire("skip", "mount", {{"path", target}}) != nullptr) return 0;
  return RealMount(source, target, type, flags, data);
}

int WrapUmount2(const char* target, int flags) {
  if (Fire("skip", "umount2", {{"path", target}}) != nullptr) return 0;
  if (const Rule* rule = Fire("fail", "umount2", {{"path", target}})) return Fail(*rule);
  return RealUmount2(target, flags);
}

}  // namespace fakes
