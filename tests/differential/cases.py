# SPDX-License-Identifier: Apache-2.0
"""The cases of a run: every refusal, then combinations of features. Case N is the same in every run of one seed."""

import itertools

import covering
from case import Case
from features import FEATURES
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
    for feature, variants in FEATURES.items():
        case.chosen[feature] = row[feature]
        variants[row[feature]](case)
    return case


def single(scratch, choices, number=-1):
    """Plain but for some choices; such cases have negative numbers."""
    return _combined(number, f"{scratch}/case{number}", {feature: choices.get(feature, "plain") for feature in FEATURES})


def each_alone(scratch):
    """Every variant with nothing else: says which one makes the difference."""
    alone = [{feature: variant} for feature, variants in FEATURES.items() for variant in variants if variant != "plain"]
    return [single(scratch, choices, -1 - index) for index, choices in enumerate([{}, *alone])]


def generate(seed, scratch):
    """Endless."""
    number = itertools.count()
    for name in REFUSALS:
        this = next(number)
        yield _refused(this, f"{scratch}/case-{this}", name)
    for row in covering.rows(FEATURES, seed):
        this = next(number)
        yield _combined(this, f"{scratch}/case-{this}", row)
