# SPDX-License-Identifier: Apache-2.0
"""Target `harness`: the judging code of conformance/harness against its unit tests."""
import concurrent.futures
import hashlib
import json
import os
import re
import tempfile
import time

from . import sandbox
from .ledger import Ledger
from .workspace import say

# What judges, or decides what is judged, by library; the rest talks to people or to the machine.
FILES = {
    "conformance": """
        because.h check_context check_context.h check_context_bundles check_context_cleanup
        check_context_impl check_context_parts check_context_probe check_context_scope check_run
        event_sink events events_decode hang_report history history.h history_judge history_story
        matchers.h processes_view processes_watch story_text task task.h task_impl task_messages
        task_stdio trend""",
    "conformance_runner": """
        accounting attempt audit check condition coverage daemon_fit durations engine_choice
        expectations facts plan process_list profile profile_claims selection shard survey text_diff
        verdict worker_protocol""",
}
STATEMENTS = "all"


def areas():
    """{library: files}."""
    return {library: [f"conformance/harness/{f}" + ("" if f.endswith(".h") else ".cc")
                      for f in names.split()] for library, names in FILES.items()}


def targets(library):
    return [f"{library}_test"]


class Case:
    def __init__(self, name):
        self.name = name
        self.seconds, self.reach, self.failed = 0.0, frozenset(), False


class Runner:
    """Runs the test program of one library."""

    def __init__(self, workspace, library, mutants, jobs):
        self.jobs = jobs
        self.base = workspace.base
        self.program = workspace.build / "tests" / f"{library}_test"
        self.mutants = mutants
        self.size = max(m["number"] for m in mutants) + 1
        self.work = workspace.base / "work"
        self.work.mkdir(exist_ok=True)
        programs = hashlib.sha256(self.program.read_bytes()).hexdigest()[:16]
        self.ledger = Ledger(workspace.base / f"{library}.fates.json", programs)
        self.numbering = hashlib.sha256(json.dumps(mutants).encode()).hexdigest()
        self.sources = {}
        for path in workspace.tree.glob("conformance/**/*_test.cc"):
            data = path.read_bytes()
            for suite in set(re.findall(rb"^TEST(?:_F|_P)?\((\w+),", data, re.M)):
                self.sources[suite.decode()] = hashlib.sha256(data).hexdigest()

    def run(self, arguments, environment, timeout):
        with tempfile.TemporaryDirectory(dir=self.work) as directory:
            return sandbox.run([self.program, *arguments], environment, timeout, directory)

    def list_cases(self):
        cases, suite = [], ""
        for line in self.run(["--gtest_list_tests"], {}, 60).text.splitlines():
            name = line.split("#")[0].rstrip()
            if not name.startswith(" "):
                suite = name if name.endswith(".") else ""
            elif suite and "DISABLED_" not in suite + name:
                cases.append(Case(suite + name.strip()))
        return cases

    def source(self, case):
        suite = case.name.split(".")[0].split("/")
        return next((self.sources[s] for s in suite if s in self.sources), "")

    def probe(self, case):
        """Which mutants the case reaches, and whether it holds without any."""
        descriptor, path = tempfile.mkstemp(dir=self.work)
        os.ftruncate(descriptor, self.size)
        done = self.run([f"--gtest_filter={case.name}"], {"SHIMGAUGE_MUTANT_REACH": path}, 120)
        data = os.pread(descriptor, self.size, 0)
        os.close(descriptor)
        os.unlink(path)
        return [m.start() for m in re.finditer(b"\1", data)], done

    def reach(self, until):
        """(cases that hold, whether there was time for all). What a case reaches is remembered as
        long as its file and the mutants are the same."""
        kept = self.base / f"{self.program.name}.reach.json"
        memory = json.loads(kept.read_text()) if kept.exists() else {}
        if memory.get("numbering") != self.numbering:
            memory = {"numbering": self.numbering, "cases": {}}
        cases = self.list_cases()
        known = memory["cases"]

        def one(case):
            if known.get(case.name, {}).get("source") == self.source(case) or \
                    time.monotonic() > until:
                return
            numbers, done = self.probe(case)
            known[case.name] = {"source": self.source(case), "reach": numbers,
                                "seconds": done.seconds, "failed": done.code != 0}

        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(one, cases))
        kept.write_text(json.dumps(memory))
        if any(c.name not in known for c in cases):
            return [], False
        for case in cases:
            row = known[case.name]
            case.seconds, case.failed = row["seconds"], row["failed"]
            case.reach = frozenset(row["reach"])
            if case.failed:
                say(f"{case.name} fails without any mutant, so it counts for nothing")
        return [c for c in cases if not c.failed], True

    def judge(self, number, cases):
        """("killed", by) or ("survived", "")."""
        # The most particular case first: it is the likeliest to notice.
        chosen = sorted(cases, key=lambda c: (len(c.reach), c.seconds))
        for some in (chosen[:6], chosen[6:]):
            if not some:
                continue
            done = self.run([f"--gtest_filter={':'.join(c.name for c in some)}",
                             "--gtest_fail_fast"], {"SHIMGAUGE_MUTANT": str(number)},
                            10 + 5 * sum(c.seconds for c in some))
            if done.timed_out:
                return "killed", "a deadline"
            if done.code != 0:
                failed = re.search(r"\[  FAILED  \] (\S+?)(?:,| \()", done.text)
                return "killed", failed[1] if failed else f"exit code {done.code}"
        return "survived", ""

    def execute(self, chosen, until):
        """Judges the `chosen` mutants; False if the time was not enough."""
        cases, complete = self.reach(until)
        if not complete:
            return False
        reaching = {}
        for case in cases:
            for number in case.reach:
                reaching.setdefault(number, []).append(case)
        todo = [m for m in chosen if not self.ledger.judged(m)]
        say(f"{len(cases)} cases, {len(todo)} mutants to judge")
        return self.ledger.fill(
            todo, lambda mutant: reaching.get(mutant["number"]),
            lambda mutant, cases: self.judge(mutant["number"], cases), self.jobs, until)
