# SPDX-License-Identifier: Apache-2.0
"""Combinations of variants so that every pair of variants of two features meets in some row, the most new pairs first.

Deterministic: a row depends on the seed and the rows before it alone."""

import random

CANDIDATES = 4


class _Pairs:
    """Pairs of (feature, variant) that have not met yet: for each, the set of the others."""

    def __init__(self, features):
        items = [(feature, variant) for feature, variants in features.items() for variant in variants]
        self.others = {item: {other for other in items if other[0] != item[0]} for item in items}

    def gain(self, item, taken):
        return len(self.others[item] & taken)

    def total(self, row):
        taken = set(row.items())
        return sum(self.gain(item, taken) for item in taken)

    def met(self, row):
        taken = set(row.items())
        for item in taken:
            self.others[item] -= taken

    def __bool__(self):
        return any(self.others.values())


def _candidate(features, missing, unused, generator):
    order = list(features)
    generator.shuffle(order)
    taken = set()
    for feature in order:
        variants = list(features[feature])
        generator.shuffle(variants)
        # A variant that no row has had comes first, so that even a short run has them all.
        variant = max(variants, key=lambda variant: ((feature, variant) in unused,
                                                     missing.gain((feature, variant), taken)))
        taken.add((feature, variant))
    return dict(taken)


def rows(features, seed):
    """Endless: once every pair was there, each row is random."""
    generator = random.Random(seed)
    missing = _Pairs(features)
    unused = {(feature, variant) for feature in features for variant in features[feature]}
    while True:
        if not missing:
            yield {feature: generator.choice(list(features[feature])) for feature in features}
            continue
        candidates = [_candidate(features, missing, unused, generator) for _ in range(CANDIDATES)]
        row = max(candidates, key=missing.total)
        missing.met(row)
        unused -= set(row.items())
        yield row
