#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints results of `shimgauge run --report json=` as a Markdown table, area by file.

A cell is "red/judged": checks that failed, expected or not, of those that were run. "ok": none.
"""
import collections
import json
import os
import sys

RED = {"fail", "crash", "hang", "leak", "xfail", "flaky"}
NOT_RUN = {"skip", "notrun"}


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: result_matrix.py RESULT.json...")
    names, cells = [], collections.defaultdict(dict)
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as file:
                checks = json.load(file)["checks"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            sys.exit(f"result_matrix.py: {path}: no result of shimgauge: {error}")
        name = os.path.basename(path).rsplit(".", 1)[0]
        names.append(name)
        for check in checks:
            for row in (check["area"], "**all**"):
                red, judged = cells[row].get(name, (0, 0))
                cells[row][name] = (
                    red + (check["actual"] in RED),
                    judged + (check["actual"] not in NOT_RUN),
                )
    print("| area | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for area in sorted(cells, key=lambda row: (row == "**all**", row)):
        row = []
        for name in names:
            red, judged = cells[area].get(name, (0, 0))
            row.append("-" if judged == 0 else "ok" if red == 0 else f"{red}/{judged}")
        print(f"| {area} | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
