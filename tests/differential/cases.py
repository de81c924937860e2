# SPDX-License-Identifier: Apache-2.0
"""The cases of a run: every refusal, what is tried alone, then combinations of features. Case N is the same in every run
of one seed."""

import itertools

import covering
from case import Case
from features import ALONE, FEATURES
from refusals import REFUSALS


def _refused(number, bundle, name):
    case = Case(number, bundle)
    case.refusal = name
    case.chosen = {"refused": name}
    case.looks = []
    REFUSALS[name](case)
    return case


def _combined(number, bundle, row):
    case = Case(number, bundle)
    for feature, variants in (FEATURES | ALONE).items():
        variant = row.get(feature, "plain")
        case.chosen[feature] = variant
        variants[variant](case)
    return case


def single(scratch, choices, number=-1):
    """Plain but for some choices; such cases have negative numbers."""
    return _combined(number, f"{scratch}/case{number}", {feature: "plain" for feature in FEATURES} | choices)


def _variants(features):
    return [{feature: variant} for feature, variants in features.items() for variant in variants if variant != "plain"]


def each_alone(scratch):
    """Every variant with nothing else: says which one makes the difference."""
    return [single(scratch, choices, -1 - index) for index, choices in enumerate([{}, *_variants(FEATURES | ALONE)])]


def generate(seed, scratch):
    """Endless."""
    number = itertools.count()
    for name in REFUSALS:
        this = next(number)
        yield _refused(this, f"{scratch}/case-{this}", name)
    for choices in _variants(ALONE):
        yield single(scratch, choices, next(number))
    for row in covering.rows(FEATURES, seed):
        this = next(number)
        yield _combined(this, f"{scratch}/case-{this}", row)
