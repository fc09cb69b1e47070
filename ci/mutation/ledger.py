# SPDX-License-Identifier: Apache-2.0
"""What became of each mutant: the result file, the equivalent ones, the summary."""
import collections
import concurrent.futures
import json
import time

from .workspace import ROOT

EQUIVALENT = ROOT / "conformance/selftest/equivalent_mutants.txt"
SAVE_EVERY = 10
UNREACHED = ("not-reached", "elsewhere")


def equivalents():
    """{key: reason} of the list: a key in the first column, its reason indented below."""
    reasons, key = {}, None
    for number, line in enumerate(EQUIVALENT.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            key = line
            reasons[key] = ""
        elif key is None:
            raise SystemExit(f"{EQUIVALENT.name}:{number}: a reason, expected a mutant before it")
        else:
            reasons[key] = f"{reasons[key]} {line.strip()}".strip()
    for key, reason in reasons.items():
        if not reason:
            raise SystemExit(f"{EQUIVALENT.name}: no reason below '{key}'")
    return reasons


class Ledger:
    """Results by key. One that was killed stays so as long as its file is the same; another fate
    counts for the programs it was found with."""

    def __init__(self, path, programs):
        self.path, self.programs = path, programs
        self.results = json.loads(path.read_text()) if path.exists() else {}

    def stamp(self, mutant, fate):
        return mutant["digest"] if fate == "killed" else self.programs

    def known(self, mutant):
        result = self.results.get(mutant["key"])
        return result is not None and result["stamp"] == self.stamp(mutant, result["fate"])

    def judged(self, mutant):
        """Known by a run; to find out what nothing reaches costs none."""
        return self.known(mutant) and self.results[mutant["key"]]["fate"] not in UNREACHED

    def note(self, mutant, fate, by="", seconds=0.0):
        self.results[mutant["key"]] = {"fate": fate, "by": by, "seconds": round(seconds, 3),
                                       "stamp": self.stamp(mutant, fate)}

    def save(self):
        self.path.write_text(json.dumps(self.results, indent=0))

    def fill(self, mutants, reaching, fate, jobs, until, unreached=lambda mutant: "not-reached"):
        """Notes each mutant's (fate, by) from `fate(mutant, those that reach it)`, `jobs` at a
        time, or the fate `unreached(mutant)`; False if the time was not enough for all."""
        def one(mutant):
            by_whom = reaching(mutant)
            if not by_whom:
                return mutant, unreached(mutant)
            if time.monotonic() > until:
                return None
            started = time.monotonic()
            return mutant, *fate(mutant, by_whom), time.monotonic() - started

        complete = True
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for index, done in enumerate(pool.map(one, mutants)):
                if done is None:
                    complete = False
                else:
                    self.note(*done)
                if index % SAVE_EVERY == SAVE_EVERY - 1:
                    self.save()
        self.save()
        return complete


def describe(mutant):
    def short(text):
        return text if len(text) <= 100 else text[:97] + "..."
    return (f"{mutant['file']}:{mutant['line']}: {mutant['operator']}: '{short(mutant['before'])}'"
            f" -> '{short(mutant['after'])}'")


def summarize(target, mutants, ledger, refused, result, keys, complete=True):
    """Prints survivors and sums, writes the result file; returns the number of unanswered ones."""
    reasons = equivalents()
    sums, by_file = collections.Counter(), collections.defaultdict(collections.Counter)
    rows, unanswered = [], 0
    for mutant in mutants:
        outcome = {"fate": "not-run", "by": ""}
        if ledger.known(mutant):
            outcome = ledger.results[mutant["key"]]
        fate = outcome["fate"]
        row = {**mutant, "fate": fate, "by": outcome["by"]}
        if fate in ("survived", "not-reached") and mutant["key"] in reasons:
            fate = row["fate"] = "equivalent"
            row["reason"] = reasons[mutant["key"]]
        elif fate == "killed" and mutant["key"] in reasons:
            print(f"{describe(mutant)}: in {EQUIVALENT.name}, but killed by {outcome['by']}")
            unanswered += 1
        if fate in ("survived", "not-reached"):
            unanswered += 1
            print(f"{describe(mutant)}: {fate}")
            if keys:
                print(f"  {mutant['key']}")
        sums[fate] += 1
        by_file[mutant["file"]][fate] += 1
        rows.append(row)
    present = {m["key"] for m in mutants}
    files = {m["file"] for m in mutants}
    for key in reasons:
        if key.split(" ", 1)[0] in files and key not in present:
            print(f"{EQUIVALENT.name}: no such mutant any more: {key}")
            unanswered += 1
    print()
    for name in sorted(by_file):
        print(f"{name}: " + ", ".join(f"{n} {f}" for f, n in sorted(by_file[name].items())))
    print(f"{target}: {len(mutants)} mutants: " +
          ", ".join(f"{n} {f}" for f, n in sorted(sums.items())) +
          f"; {refused} others refused by the compiler")
    result.write_text(json.dumps({"schema": 1, "target": target, "complete": complete,
                                  "sums": sums, "refused": refused, "mutants": rows}, indent=1))
    return unanswered
