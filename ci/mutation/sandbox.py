# SPDX-License-Identifier: Apache-2.0
"""Where mutants run. A judge with a defect may kill or delete anything: its processes are in a pid
namespace of their own, and of the disk it can write to the scratch directory only."""
import os
import pathlib
import signal
import subprocess
import sys
import time

HIDDEN = ("/tmp", "/var/tmp", "/run", "/dev/shm")
DISKS = {"9p", "btrfs", "ext2", "ext3", "ext4", "f2fs", "fuse", "nfs", "nfs4", "overlay", "vfat",
         "virtiofs", "xfs", "zfs"}
FILE_MAX = 256 << 20
MEMORY_MAX = 6 << 30


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def enter(root, scratch):
    """Runs this program again inside, once. `root` becomes read-only, `scratch` stays writable."""
    if os.environ.get("SHIMGAUGE_MUTATION_INSIDE") != "1":
        os.environ["SHIMGAUGE_MUTATION_INSIDE"] = "1"
        as_user = [] if os.geteuid() == 0 else ["--map-root-user"]
        os.execvp("unshare", ["unshare", *as_user, "--mount", "--ipc", "--propagation", "private",
                              "--", sys.executable, *sys.argv])
    place = pathlib.Path("/run/mutation")
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    place.mkdir()
    shown = {"root": root, "scratch": scratch}
    for name, path in shown.items():
        (place / name).mkdir()
        mount("--bind", path, place / name)
    for path in HIDDEN:
        if path != "/run" and os.path.isdir(path):
            mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", path)
    for line in open("/proc/self/mountinfo").read().splitlines():
        words = line.split()
        kind = words[words.index("-") + 1]
        if kind in DISKS and not words[4].startswith(str(place)):
            # Fails for mounts of an outer user namespace that are read-only as they are.
            subprocess.run(["mount", "-o", "remount,bind,ro", words[4].encode().decode(
                "unicode_escape")], stderr=subprocess.DEVNULL)
    for name, path in shown.items():
        if not path.is_dir():
            path.mkdir(parents=True)  # on one of the new file systems
        mount("--bind", place / name, path)
    mount("-o", "remount,bind,ro", root)
    mount("--bind", place / "scratch", scratch)
    subprocess.run(["umount", place / "root", place / "scratch"], check=True)


class Outcome:
    def __init__(self, code, text, seconds, timed_out):
        self.code, self.text, self.seconds, self.timed_out = code, text, seconds, timed_out


def run(command, environment, timeout, cwd):
    """Everything the command starts is gone when this returns."""
    # The shell is the namespace's init: a program that is one would be spared by its own signals.
    inside = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c",
              f'ulimit -c 0; ulimit -f {FILE_MAX // 512}; ulimit -v {MEMORY_MAX // 1024}; '
              '"$@"; exit $?', "sh", *map(str, command)]
    started = time.monotonic()
    child = subprocess.Popen(inside, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, cwd=cwd,
                             env={**os.environ, **environment})
    try:
        text, _ = child.communicate(timeout=timeout)
        timed_out = False
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        text, _ = child.communicate()
        timed_out = True
    return Outcome(child.returncode, text.decode(errors="replace"), time.monotonic() - started,
                   timed_out)
