# SPDX-License-Identifier: Apache-2.0
"""The reviewed list: differences that somebody has looked at, each a pattern and a reason (docs/differential.md)."""

import re


class Entry:
    def __init__(self, condition, pattern, reason):
        self.condition = condition  # {feature: variant}, all of which the case must have
        self.pattern = pattern
        self.reason = reason
        self.matches = 0

    def covers(self, case, line):
        if any(case.chosen.get(feature) != variant for feature, variant in self.condition.items()):
            return False
        if self.pattern.fullmatch(line) is None:
            return False
        self.matches += 1
        return True


# [feature=variant, feature=variant] pattern  # reason
_ENTRY = re.compile(r"(?:\[(?P<condition>[^\]=]+=[^\]]*)\] )?(?P<pattern>.*\S)  # (?P<reason>\S.*)")


def read(path):
    entries = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            match = _ENTRY.fullmatch(line)
            if match is None:
                raise ValueError(f"{path}:{number}: not '[condition] pattern  # reason'")
            condition = dict(part.split("=", 1) for part in (match["condition"] or "").split(", ") if part)
            entries.append(Entry(condition, re.compile(match["pattern"]), match["reason"]))
    return entries


def unreviewed(entries, case, lines):
    """Every line is held against every entry, so that an entry another one hides is not thought stale."""
    return [line for line in lines if not any([entry.covers(case, line) for entry in entries])]
