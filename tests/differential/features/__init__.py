# SPDX-License-Identifier: Apache-2.0
"""What can be chosen for a bundle: features, each with variants. A variant is a function that changes a Case.

The order of FEATURES is the order they are applied in: namespaces first, because others ask for them."""

from features import confinement, files, hooks, mounts, namespaces, process, resources

_MODULES = (namespaces, process, confinement, mounts, files, resources, hooks)

FEATURES = {feature: variants for module in _MODULES for feature, variants in module.FEATURES.items()}

# Those that are tried with nothing else: in company, what crun makes of them differs from all others in every corner.
ALONE = namespaces.ALONE
