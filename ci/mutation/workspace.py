# SPDX-License-Identifier: Apache-2.0
"""A copy of the tree in which all mutants are built at once."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import pickle
import re
import shlex
import shutil
import subprocess
import sys

from . import points, schemata

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROUNDS = 12


def say(text):
    print(f"mutate: {text}", flush=True)


# Numbers are given by area and file, so that an edit of one file leaves the others as they are.
AREA_NUMBERS = 200_000
FILE_NUMBERS = 2_000


# What no other build has made yet is quicker to build like this; a mutant that reads what is not
# there shall not depend on what it finds.
CMAKE = """
foreach(target shimgauge_pch_test conformance_runner_test conformance_test)
  target_compile_options(${target} PRIVATE -O0)
endforeach()
foreach(target conformance_runner_test conformance_test shimgauge_conformance_runner
    shimgauge_conformance)
  target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
endforeach()
"""


class Workspace:
    """The mutants of one area of a target, a module with STATEMENTS (see points.py), areas() and
    targets(area). The areas of a target share a tree, and have numbers of their own in it."""

    def __init__(self, scratch, target, area, place, jobs):
        self.base = scratch
        self.tree = self.base / "tree"
        self.build = self.tree / "build/release"
        self.area, self.target, self.jobs = area, target, jobs
        self.files = target.areas()[area]
        self.first = place * AREA_NUMBERS
        self.made_file = self.base / f"{area}.mutants.json"
        self.rendered_file = self.base / "rendered.json"

    def make(self, build):
        """Finds, and builds, all mutants of the area; returns them."""
        self.base.mkdir(parents=True, exist_ok=True)
        rendered = {}
        if self.rendered_file.exists():
            rendered = json.loads(self.rendered_file.read_text())
        self.copy(rendered)
        self.configure()
        mutants, numbered = self.number(self.find())
        if build:
            self.compile(mutants, numbered, rendered)
        return mutants

    def made(self):
        """(mutants, number of those refused by the compiler) of the last build."""
        if not self.made_file.exists():
            sys.exit(f"mutate: {self.area} is not built")
        made = json.loads(self.made_file.read_text())
        return made["mutants"], made["refused"]

    # --- the copy ---------------------------------------------------------------------------

    def listed(self):
        out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others",
                              "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
        return [f for f in out.stdout.decode().split("\0") if f and (ROOT / f).is_file()]

    def put(self, path, data):
        """Writes only what is new, so that the build makes again only that."""
        if path.exists() and path.read_bytes() == data:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def copy(self, rendered):
        """Everything but the files that are there with the mutants of their present text."""
        files = self.listed()
        for name in files:
            data = (ROOT / name).read_bytes()
            if rendered.get(name) == hashlib.sha256(data).hexdigest():
                continue
            rendered.pop(name, None)
            if name == "conformance/CMakeLists.txt":
                data += CMAKE.encode()
            self.put(self.tree / name, data)
            shutil.copymode(ROOT / name, self.tree / name)
        self.put(self.tree / "lib" / schemata.HEADER, (HERE / "switch.h.in").read_bytes())
        known = set(files)
        for path in self.tree.glob("conformance/**/*"):
            if path.is_file() and str(path.relative_to(self.tree)) not in known:
                path.unlink()

    def run(self, command, log):
        with open(self.base / log, "wb") as out:
            return subprocess.run(command, cwd=self.tree, stdout=out, stderr=subprocess.STDOUT)

    def configure(self):
        done = self.run(["cmake", "--preset", "release", "-DSHIMGAUGE_TESTS=ON"], "configure.log")
        if done.returncode == 0:
            done = self.run(["ninja", "-C", self.build, f"-j{self.jobs}", "generated_sources"],
                            "generated.log")
        if done.returncode != 0:
            sys.exit(f"mutate: the copy cannot be configured, see {self.base}/*.log")

    # --- mutants ----------------------------------------------------------------------------

    def find(self):
        """{file: [Edit]}; what has not changed since last time is remembered."""
        files, statements = self.files, self.target.STATEMENTS
        commands = {}
        for entry in json.loads((self.build / "compile_commands.json").read_text()):
            path = pathlib.Path(entry["file"])
            if path.is_relative_to(self.tree):
                commands[str(path.relative_to(self.tree))] = shlex.split(entry["command"])
        units = [f for f in files if f.endswith(".cc") and f in commands]
        headers = {f for f in files if f.endswith(".h")}
        tool = (HERE / "points.py").read_bytes()
        cache = self.base / "points"
        cache.mkdir(exist_ok=True)
        found, todo = {}, []
        for unit in units:
            key = hashlib.sha256(tool + statements.encode() + (ROOT / unit).read_bytes())
            for header in sorted(headers):
                key.update((ROOT / header).read_bytes())
            kept = cache / (unit.replace("/", "+") + ".pickle")
            if kept.exists():
                remembered, edits = pickle.loads(kept.read_bytes())
                if remembered == key.hexdigest():
                    found[unit] = edits
                    continue
            todo.append((unit, kept, key.hexdigest()))
        for name in files:  # clang must see the unchanged texts, where its includes are found
            if todo:
                self.put(self.tree / name, (ROOT / name).read_bytes())
        with concurrent.futures.ProcessPoolExecutor(self.jobs) as pool:
            wanted = {str(self.tree / h): h for h in headers}
            calls = {}
            for unit, kept, key in todo:
                names = {**wanted, str(self.tree / unit): unit}
                call = pool.submit(points.find, str(self.tree / unit), commands[unit], set(names),
                                   statements)
                calls[call] = unit, kept, key, names
            for number, call in enumerate(concurrent.futures.as_completed(calls), 1):
                unit, kept, key, names = calls[call]
                edits = {names[path]: e for path, e in call.result().items()}
                kept.write_bytes(pickle.dumps((key, edits)))
                found[unit] = edits
                say(f"read {unit} ({number} of {len(calls)})")
        merged = {}
        for unit in units:
            for name, edits in found[unit].items():
                merged.setdefault(name, edits)
        return merged

    def number(self, edits_of):
        """Gives every mutant its number; (mutants, {file: [NumberedEdit]})."""
        mutants, numbered, seen = [], {}, {}
        for name in sorted(edits_of, key=self.files.index):
            last = self.first + self.files.index(name) * FILE_NUMBERS
            data = (ROOT / name).read_bytes()
            digest = hashlib.sha256(data).hexdigest()[:16]
            numbered[name] = []
            for edit in edits_of[name]:
                line = schemata.lines_of(data, edit)[0]
                numbers = []
                for mutant in edit.mutants:
                    key = (f"{name} {edit.function or '-'}: {mutant.operator}: "
                           f"'{mutant.before}' -> '{mutant.after}'")
                    seen[key] = seen.get(key, 0) + 1
                    if seen[key] > 1:
                        key += f" #{seen[key]}"
                    last += 1
                    numbers.append(last)
                    mutants.append({"number": last, "key": key, "file": name,
                                    "digest": digest, "line": line, "operator": mutant.operator,
                                    "before": mutant.before, "after": mutant.after})
                numbered[name].append(schemata.NumberedEdit(edit, numbers))
        return mutants, numbered

    def write(self, numbered, dropped):
        for name in self.files:
            data = (ROOT / name).read_bytes()
            if name in numbered:
                data = schemata.render(data, numbered[name], dropped)
            self.put(self.tree / name, data)

    def refused(self, log, numbered):
        """The numbers of the mutants on lines that the compiler complains of."""
        text = (self.base / log).read_text(errors="replace")
        refused, places, context = set(), [], []
        for line in text.splitlines():
            place = re.match(r"(\S+?):(\d+):\d+: +(.*)", line)
            if not place:
                continue
            if re.match(r" *(required from|in .constexpr. expansion)", place[3]):
                context.append(place)
            elif "error:" in place[3]:
                places += [*context, place]
                context = []
            elif "warning:" in place[3]:
                context = []
        for place in places:
            path, number = place[1], int(place[2])
            path = os.path.normpath(os.path.join(self.build, path))
            if not path.startswith(f"{self.tree}/"):
                continue
            name = path[len(str(self.tree)) + 1:]
            data = (ROOT / name).read_bytes() if name in numbered else b""
            for edit in numbered.get(name, []):
                first, last = schemata.lines_of(data, edit)
                if first <= number <= last:
                    refused.update(edit.numbers)
        return refused

    def compile(self, mutants, numbered, rendered):
        """Builds all mutants but those that the compiler refuses."""
        kept = self.base / f"{self.area}.refused.json"
        names = {m["key"]: m["number"] for m in mutants}
        keys = {m["number"]: m["key"] for m in mutants}
        dropped = set()
        if kept.exists():
            dropped = {names[k] for k in json.loads(kept.read_text()) if k in names}
        rendered.update({f: hashlib.sha256((ROOT / f).read_bytes()).hexdigest()
                         for f in self.files})
        self.rendered_file.write_text(json.dumps(rendered, indent=0))
        log = f"{self.area}.build.log"
        for number in range(1, ROUNDS + 1):
            self.write(numbered, dropped)
            say(f"building {self.area}, {len(mutants) - len(dropped)} mutants")
            command = ["ninja", "-C", self.build, f"-j{self.jobs}", "-k0",
                       *self.target.targets(self.area)]
            if self.run(command, log).returncode == 0:
                live = [m for m in mutants if m["number"] not in dropped]
                self.made_file.write_text(json.dumps(
                    {"mutants": live, "refused": len(dropped)}, indent=0))
                return
            more = self.refused(log, numbered) - dropped
            if not more:
                sys.exit(f"mutate: the build fails, and not by a mutant, see {self.base}/{log}")
            say(f"round {number}: the compiler refuses {len(more)} mutants")
            dropped |= more
            kept.write_text(json.dumps(sorted(keys[n] for n in dropped), indent=0))
        sys.exit(f"mutate: no build after {ROUNDS} rounds, see {self.base}/{log}")
