# SPDX-License-Identifier: Apache-2.0
"""Runs generated bundles by caisson and by crun and compares what was seen (docs/differential.md). Called by `run`, in
namespaces of its own."""

import argparse
import concurrent.futures
import itertools
import os
import shlex
import sys

import cases
import reviewed
import view
from runtime import Runtime

HERE = os.path.dirname(os.path.abspath(__file__))
# All pairs of variants meet in fewer; some minutes on two processors.
DEFAULT_COUNT = 200
# What the probe writes its findings after.
PROBE_BEGINS = b"probe: begins"
ATTEMPTS = 10
# LIMIT: of a runtime's own words in a report.
SHOWN = 2000


def arguments():
    parser = argparse.ArgumentParser(prog="tests/differential/run", description=__doc__)
    parser.add_argument("--case", type=int, action="append", metavar="N", help="run this case alone (may be repeated)")
    parser.add_argument("--with", dest="choices", action="append", metavar="FEATURE=VARIANT",
                        help="run one bundle that has this and is plain otherwise (may be repeated)")
    parser.add_argument("--each", action="store_true", help="run every variant alone, then nothing else")
    parser.add_argument("--count", type=int, default=int(os.environ.get("DIFFERENTIAL_COUNT", DEFAULT_COUNT)))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("DIFFERENTIAL_SEED", 1)))
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("DIFFERENTIAL_JOBS", 2)))
    parser.add_argument("--print", action="store_true", help="print config.json of the cases, run nothing")
    parser.add_argument("--views", action="store_true", help="print everything that was seen, by both")
    parser.add_argument("--against-itself", action="store_true",
                        help="crun on both sides: whatever differs is noise of the comparison")
    return parser.parse_args()


class Comparison:
    def __init__(self, options, scratch):
        crun = ["crun", "--cgroup-manager=cgroupfs"]
        self.options = options
        self.probe = os.environ["DIFFERENTIAL_PROBE"]
        self.theirs = Runtime("crun", crun, f"{scratch}/crun")
        self.ours = (Runtime("crun again", crun, f"{scratch}/crun-again") if options.against_itself
                     else Runtime("caisson", [os.environ["CAISSON"]], f"{scratch}/caisson"))
        self.entries = reviewed.read(f"{HERE}/reviewed.list")

    def _run_theirs(self, case):
        # At a terminal crun writes a container's output into its own log now and then, and is taken for having failed:
        # it is asked again.
        for _ in range(ATTEMPTS):
            seen, words = self.theirs.run(case, self.probe)
            if seen["ran"] == "yes" or PROBE_BEGINS not in words:
                break
        return seen, words

    def run(self, case):
        """(case, lines to report); no lines where both agree, or differ as is known."""
        theirs, their_words = self._run_theirs(case)
        ours, our_words = self.ours.run(case, self.probe)
        if self.options.views:
            for subject in sorted(ours.keys() | theirs.keys()):
                print(f"{subject}: {ours.get(subject, view.NOTHING)} | {theirs.get(subject, view.NOTHING)}")
        lines = reviewed.unreviewed(self.entries, case, view.differences(ours, theirs))
        if lines:
            for runtime, words in ((self.ours, our_words), (self.theirs, their_words)):
                lines += [f"  {runtime.name} said: {line}"
                          for line in words[:SHOWN].decode(errors="backslashreplace").splitlines()]
        elif theirs["ran"] == "no" and case.refusal is None:
            lines = [f"  crun said: {line}" for line in their_words.decode(errors="backslashreplace").splitlines()]
            return case, ["a combination that does not run says nothing: keep it out of features/", *lines]
        return case, lines


def report(case, lines, seed):
    if not lines:
        print(f"ok: {case.name()}", flush=True)
        return
    print(f"not ok: {case.name()}")
    for line in lines:
        print(f"    {line}")
    print(f"    again: tests/differential/run {again(case, seed)}", flush=True)


def again(case, seed):
    if case.number >= 0:
        return f"--seed {seed} --case {case.number}"
    return " ".join(f"--with {shlex.quote(f'{feature}={variant}')}"
                    for feature, variant in case.chosen.items() if variant != "plain")


def report_stale(entries):
    stale = [entry for entry in entries if entry.matches == 0]
    for entry in stale:
        print(f"not ok: reviewed.list: nothing differs like this any more: {entry.pattern.pattern}")
    return len(stale)


def chosen_cases(options, scratch):
    if options.choices:
        return [cases.single(scratch, dict(choice.split("=", 1) for choice in options.choices))]
    if options.each:
        return cases.each_alone(scratch)
    endless = cases.generate(options.seed, scratch)
    if not options.case:
        return list(itertools.islice(endless, options.count))
    return [case for case in itertools.islice(endless, max(options.case) + 1) if case.number in options.case]


def is_whole(options):
    return not (options.case or options.choices or options.each or options.against_itself)


def main():
    options = arguments()
    scratch = os.environ["DIFFERENTIAL_SCRATCH"]
    chosen = chosen_cases(options, scratch)
    if options.print:
        for case in chosen:
            print(case.text())
        return 0
    print(f"DIFFERENTIAL_SEED={options.seed} DIFFERENTIAL_COUNT={options.count}", flush=True)
    comparison = Comparison(options, scratch)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for case, lines in pool.map(comparison.run, chosen):
            report(case, lines, options.seed)
            failed += bool(lines)
    passed = len(chosen) - failed
    # Only a run that has every pair can say that an entry of the list is not needed.
    if is_whole(options) and options.count >= DEFAULT_COUNT:
        failed += report_stale(comparison.entries)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
