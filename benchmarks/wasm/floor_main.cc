// SPDX-License-Identifier: Apache-2.0
// wasm_floor bare|mounts ROOTFS CGROUP-PROCS-FILE...
// The least that a container costs, for comparisons: run as the first process of fresh pid, mount,
// ipc and uts namespaces, it enters the cgroups, makes ROOTFS its root (with `mounts` also /proc
// and a /dev with its devices, as containers have them), gives up new privileges, says "r" on
// descriptor 3, waits there for a byte, writes "hello" to stdout and ends. Stands on the C library
// alone, statically.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstring>

namespace {

constexpr int kControlFd = 3;
constexpr int kFailed = 125;

[[noreturn]] void Fail(const char* what) {
  (void)!write(2, what, std::strlen(what));
  _exit(kFailed);
}

void Need(bool done, const char* what) {
  if (!done) Fail(what);
}

void Enter(const char* procs) {
  const int file = open(procs, O_WRONLY | O_CLOEXEC);
  Need(file >= 0 && write(file, "0", 1) == 1, "wasm_floor: enter the cgroup\n");
  close(file);
}

struct Device {
  const char* path;
  unsigned minor;
};

void MakeMounts() {
  constexpr unsigned long kSafe = MS_NOSUID | MS_NOEXEC | MS_NODEV;
  constexpr char kShare[] = "mode=1777,size=65536k";
  constexpr char kTerminals[] = "newinstance,ptmxmode=0666,mode=0620";
  Need(mount("proc", "proc", "proc", kSafe, nullptr) == 0, "wasm_floor: mount /proc\n");
  Need(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k") == 0,
       "wasm_floor: mount /dev\n");
  Need(mkdir("dev/pts", 0755) == 0 && mkdir("dev/shm", 01777) == 0, "wasm_floor: mkdir\n");
  Need(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, kTerminals) == 0,
       "wasm_floor: mount /dev/pts\n");
  Need(mount("shm", "dev/shm", "tmpfs", kSafe, kShare) == 0, "wasm_floor: mount /dev/shm\n");
  constexpr Device kDevices[] = {{"dev/null", 3}, {"dev/zero", 5},   {"dev/full", 7},
                                 {"dev/tty", 0},  {"dev/random", 8}, {"dev/urandom", 9}};
  for (const Device& device : kDevices) {
    const unsigned major = device.minor == 0 ? 5 : 1;
    Need(mknod(device.path, S_IFCHR | 0666, makedev(major, device.minor)) == 0,
         "wasm_floor: mknod\n");
  }
  constexpr const char* kLinks[][2] = {{"/proc/self/fd", "dev/fd"},
                                       {"/proc/self/fd/0", "dev/stdin"},
                                       {"/proc/self/fd/1", "dev/stdout"},
                                       {"/proc/self/fd/2", "dev/stderr"},
                                       {"pts/ptmx", "dev/ptmx"}};
  for (const auto& link : kLinks) {
    Need(symlink(link[0], link[1]) == 0, "wasm_floor: symlink\n");
  }
}

void EnterRoot(const char* rootfs, bool mounts) {
  Need(mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) == 0, "wasm_floor: / a slave\n");
  Need(mount(rootfs, rootfs, nullptr, MS_BIND | MS_REC, nullptr) == 0, "wasm_floor: bind\n");
  Need(chdir(rootfs) == 0, "wasm_floor: chdir\n");
  if (mounts) MakeMounts();
  const int outside = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  Need(outside >= 0 && syscall(SYS_pivot_root, ".", ".") == 0, "wasm_floor: pivot_root\n");
  Need(fchdir(outside) == 0 && umount2(".", MNT_DETACH) == 0, "wasm_floor: old root\n");
  Need(chdir("/") == 0, "wasm_floor: chdir /\n");
  close(outside);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) Fail("usage: wasm_floor bare|mounts ROOTFS CGROUP-PROCS-FILE...\n");
  for (int i = 3; i < argc; ++i) Enter(argv[i]);
  EnterRoot(argv[2], std::strcmp(argv[1], "mounts") == 0);
  Need(sethostname("container", 9) == 0, "wasm_floor: sethostname\n");
  Need(setgroups(0, nullptr) == 0 && setgid(0) == 0 && setuid(0) == 0, "wasm_floor: ids\n");
  Need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "wasm_floor: no_new_privs\n");
  char byte = 'r';
  Need(write(kControlFd, &byte, 1) == 1 && read(kControlFd, &byte, 1) == 1, "wasm_floor: start\n");
  _exit(write(1, "hello\n", 6) == 6 ? 0 : kFailed);
}
