# SPDX-License-Identifier: Apache-2.0
"""All mutants of a file in one text, each behind the switch of switch.h.in."""
import re

HEADER = "mutation_switch.h"


class NumberedEdit:
    def __init__(self, edit, numbers):
        self.start, self.end, self.parts, self.numbers = edit.start, edit.end, edit.parts, numbers


def render(data, edits, dropped):
    """The text of the file with every edit of which no mutant is among `dropped`."""
    live = [e for e in edits if not dropped.intersection(e.numbers)]

    def text(start, end, after):
        out, position = [], start
        for index in range(after + 1, len(live)):
            edit = live[index]
            if edit.start < position or edit.end > end or edit.start >= end:
                continue
            out.append(data[position:edit.start])
            for part in edit.parts:
                if isinstance(part, tuple):
                    out.append(text(part[0], part[1], index))
                else:
                    out.append(re.sub(r"@(\d+)", lambda m: str(edit.numbers[int(m[1])]),
                                      part).encode())
            position = edit.end
        out.append(data[position:end])
        return b"".join(out)

    body = text(0, len(data), -1)
    if not live:
        return data
    # In place of the first line, a comment, so that lines keep their numbers.
    first, rest = body.split(b"\n", 1)
    assert first.startswith(b"//"), first
    return b'#include "%s"\n' % HEADER.encode() + rest


def lines_of(data, edit):
    first = data.count(b"\n", 0, edit.start) + 1
    return first, first + data.count(b"\n", edit.start, edit.end)
