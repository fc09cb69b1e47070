# SPDX-License-Identifier: Apache-2.0
"""Target `checks`: the checks of one area against the known faults, and the healthy shim.

A mutant is killed if the row of a fault is no longer killed as intended (each of its checks red,
with the row's code), or a check is red without any fault. An expectation that fails on no known
fault has nothing that proves it, and needs no run to say so; one that fails on faults that break
other rules is told apart.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import tempfile
import time

from . import sandbox
from .ledger import Ledger
from .workspace import ROOT, say

# Area of the checks' ids: prefixes of its files.
FILES = {
    "bootstrap": ("bootstrap",),
    "checkpoint": ("checkpoint",),
    "daemons": ("daemons",),
    "delete-recovery": ("delete_recovery",),
    "events": ("events",),
    "exec": ("exec",),
    "hooks": ("hook",),
    "isolation": ("isolation", "engine_faults"),
    "lifecycle": ("lifecycle",),
    "resources": ("resources", "leak_meter", "busy_share"),
    "sandbox": ("sandbox",),
    "signals-reap": ("signals",),
    "socket-reuse": ("socket_reuse",),
    "stdio": ("stdio",),
    "ttrpc-wire": ("ttrpc_wire", "wire_connection"),
    "vm": ("vm", "disk_image"),
    "wasm": ("wasm",),
}
# What the healthy shim is judged by, where it is not its usual profile; it drives no engine then.
PROFILES = {"vm": ["--profile", "reference-vm"], "wasm": ["--profile", "reference-wasm"]}
STATEMENTS = "expectations"
PROGRAMS = ("shimgauge", "containerd-shim-reference-v1", "shimgauge-wire", "faulty-shim",
            "faulty-engine", "shimgauge-engine", "shimgauge-hypervisor", "shimgauge-stage")
HEALTHY = "the healthy shim"
# Faults that meet nearly every check, at one stage of its scenario or another.
BROAD = """
start-exits-1 start-address-nobody connect-not-found connect-shim-pid-0 create-answers-pid-0
start-does-nothing state-unknown state-running-after-exit wait-status-raw wait-hangs-after-stop
kill-swallowed kill-as-sigkill delete-does-nothing delete-status-0 delete-ends-the-shim
shutdown-ignored pids-empty closeio-no-op exec-start-answers-pid-0 exec-wait-status-0
kill-of-exec-hits-init exit-event-lost create-event-lost delete-event-lost exit-event-twice
delete-action-text delete-skips-but-answers reply-payload-garbage connection-loss-ends-shim
unknown-method-ok stdout-never-ends output-of-short-lives-lost stdin-not-connected
socket-left-by-the-daemon delete-cleans-nothing failure-of-the-engines-create-ignored
failure-of-the-engines-exec-ignored engine-create-output-lost engine-start-is-refused
""".split()


def areas():
    """{area: files}."""
    paths = sorted((ROOT / "conformance/checks").glob("*.cc"))
    return {area: [f"conformance/checks/{p.name}" for p in paths
                   if p.name.startswith(prefixes) and not p.name.endswith("_test.cc")]
            for area, prefixes in FILES.items()}


def targets(area):
    return ["proof", "wasm"] if area == "wasm" else ["proof"]


class Trial:
    """A run of the judge that is as expected without any mutant."""

    def __init__(self, name, command):
        self.name, self.command = name, command
        self.reach, self.seconds, self.failed = frozenset(), 0.0, False


class Runner:
    def __init__(self, workspace, area, mutants, jobs):
        self.area, self.jobs = area, jobs
        self.base = workspace.base
        self.bin = workspace.build / "bin"
        self.mutants = mutants
        self.size = max(m["number"] for m in mutants) + 1
        self.work = workspace.base / "work"
        self.work.mkdir(exist_ok=True)
        self.elsewhere = frozenset()
        programs = hashlib.sha256(b"".join(
            hashlib.sha256((self.bin / p).read_bytes()).digest() for p in PROGRAMS))
        self.ledger = Ledger(workspace.base / f"{area}.fates.json", programs.hexdigest()[:16])

    def judge(self, command, environment, timeout):
        with tempfile.TemporaryDirectory(dir=self.work) as directory:
            return sandbox.run([self.bin / "shimgauge", *command], environment, timeout, directory)

    def trials(self):
        # A race is not lost each time.
        sure = ["--check", "!tag:race"]
        listed = self.judge(["selftest", "faults", f"check:{self.area}/*", *sure, "--list"],
                            {}, 60).text
        found, checks = [], set()
        for line in listed.splitlines():
            row = re.match(r"(wire|shim|engine) +(\S+)", line)
            kill = re.match(r" {8}(\S+/\S+)  \S+$", line)
            if row:
                found.append(Trial(row[2], ["selftest", "faults", row[2], *sure, "-j1"]))
            elif kill:
                checks.add(kill[1])
        rest = [f"!{c}" for c in sorted(checks) if c.startswith(f"{self.area}/")]
        found.append(Trial(HEALTHY, ["run", "--shim", self.bin / "containerd-shim-reference-v1",
                                     "-j2", *PROFILES.get(self.area, []), self.area, *rest]))
        return found

    def probe(self, trial):
        descriptor, path = tempfile.mkstemp(dir=self.work)
        os.ftruncate(descriptor, self.size)
        done = self.judge(trial.command, {"SHIMGAUGE_MUTANT_REACH": path}, 1800)
        data = os.pread(descriptor, self.size, 0)
        os.close(descriptor)
        os.unlink(path)
        return {"reach": [m.start() for m in re.finditer(b"\1", data)],
                "seconds": done.seconds, "failed": done.code != 0}

    def reach(self, until):
        kept = self.base / f"{self.area}.reach.json"
        memory = json.loads(kept.read_text()) if kept.exists() else {}
        if memory.get("programs") != self.ledger.programs:
            memory = {"programs": self.ledger.programs, "trials": {}}
        trials, known = self.trials(), memory["trials"]

        def one(trial):
            if trial.name not in known and time.monotonic() < until:
                known[trial.name] = self.probe(trial)

        # Of these only what fails is asked for, so they are no trials.
        profile = PROFILES.get(self.area, [])
        broad = Trial("other faults",
                      ["selftest", "matrix", *BROAD, *(["!seam:engine"] if profile else []),
                       "--check", f"{self.area}/*", "-j6", *profile])
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(one, (broad, *trials)))
        kept.write_text(json.dumps(memory))
        if any(t.name not in known for t in (*trials, broad)):
            return [], False
        self.elsewhere = frozenset(known[broad.name]["reach"])
        for trial in trials:
            row = known[trial.name]
            trial.reach, trial.seconds = frozenset(row["reach"]), row["seconds"]
            trial.failed = row["failed"]
            if trial.failed and trial.name != HEALTHY:
                say(f"{trial.name} is not killed as intended without any mutant, so it counts for "
                    "nothing")
        return [t for t in trials if not t.failed], True

    def fate(self, mutant, trials):
        for trial in sorted(trials, key=lambda t: t.seconds):
            done = self.judge(trial.command, {"SHIMGAUGE_MUTANT": str(mutant["number"])},
                              20 + 4 * trial.seconds)
            if done.timed_out or done.code != 0:
                return "killed", trial.name
        return "survived", ""

    def execute(self, chosen, until):
        trials, complete = self.reach(until)
        if not complete:
            return False
        todo = [m for m in chosen if not self.ledger.judged(m)]
        say(f"{len(trials)} faults, {len(todo)} mutants to judge")
        return self.ledger.fill(
            todo, lambda mutant: [t for t in trials if mutant["number"] in t.reach], self.fate,
            self.jobs, until,
            lambda m: "elsewhere" if m["number"] in self.elsewhere else "not-reached")
