# SPDX-License-Identifier: Apache-2.0
"""What was seen of one run, as subjects with values, and how two of them differ."""

NOTHING = "(nothing)"


def parse(output):
    """The probe's lines. What else is there is told as output, so that it is compared too."""
    seen = {}
    other = []
    # A terminal, or one in another, returns carriages; the probe escapes its own.
    for line in output.decode("utf-8", "backslashreplace").replace("\r", "").split("\n"):
        subject, separator, value = line.partition(": ")
        if line.endswith(":"):
            subject, separator, value = line[:-1], ": ", ""
        if separator and subject not in seen:
            seen[subject] = value
        elif line:
            other.append(line)
    if other:
        seen["other output"] = " / ".join(other)
    return seen


def differences(ours, theirs):
    """Lines "subject: ours != theirs". Where one alone ran, that is all there is to say."""
    subjects = sorted(ours.keys() | theirs.keys()) if ours["ran"] == theirs["ran"] else ["ran"]
    return [f"{subject}: {ours.get(subject, NOTHING)} != {theirs.get(subject, NOTHING)}" for subject in subjects
            if ours.get(subject) != theirs.get(subject)]
