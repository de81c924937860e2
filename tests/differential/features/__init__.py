# SPDX-License-Identifier: Apache-2.0
"""What can be chosen for a bundle: features, each with variants. A variant is a function that changes a Case.

The order of FEATURES is the order they are applied in: namespaces first, because others ask for them."""

from features import confinement, files, hooks, mounts, namespaces, process, resources

FEATURES = {
    feature: variants
    for module in (namespaces, process, confinement, mounts, files, resources, hooks)
    for feature, variants in module.FEATURES.items()
}
