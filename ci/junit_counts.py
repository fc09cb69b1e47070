# SPDX-License-Identifier: Apache-2.0
"""Reads a CTest JUnit report.

junit_counts.py FILE             prints "passed failed skipped"
junit_counts.py --failures FILE  prints the failed cases with their output, the skipped with reasons
"""
import sys
import xml.etree.ElementTree as ET


def main(arguments):
    details = arguments[0] == "--failures"
    cases = ET.parse(arguments[-1]).getroot().iter("testcase")
    passed = failed = skipped = 0
    for case in cases:
        name = case.get("name")
        output = case.findtext("system-out") or ""
        if case.find("failure") is not None or case.get("status") == "fail":
            failed += 1
            if details:
                print(f"FAILED {name}\n{output[-6000:]}")
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped += 1
            if details:
                reason = [line for line in output.splitlines() if line.strip()][-4:]
                print(f"skipped {name}: {' '.join(reason)}")
        else:
            passed += 1
    if not details:
        print(passed, failed, skipped)


main(sys.argv[1:])
