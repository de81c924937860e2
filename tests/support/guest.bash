# SPDX-License-Identifier: Apache-2.0
# What the end-to-end tests share (tests/guest, tests/chaos): a bundle of static busybox, and a check that nothing of a
# container is left. CAISSON names the binary, CAISSON_HYPERVISOR the machine (kvm or qemu; default: what auto picks).
# shellcheck shell=bash

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CAISSON=${CAISSON:-$repository/build/release/bin/caisson}
# shellcheck source=tests/support/busybox.bash
source "$repository/tests/support/busybox.bash"

# One state directory per test: what is left in it was left by this test.
setup_sandbox_root() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/caisson-test.XXXXXX")
  state_root=$scratch/state
  mkdir -p "$state_root"
}

caisson() { "$CAISSON" --root "$state_root" "$@"; }

# Where the host counts memory: the v1 hierarchy that has the controller, else that of v2.
memory_hierarchy() {
  awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { v1 = $2 } $3 == "cgroup2" && !v2 { v2 = $2 } END { print v1 ? v1 : v2 }' /proc/mounts
}

# make_bundle NAME [jq filter…]: a bundle at $scratch/NAME whose process is `sh -c 'exit 0'` until the filter says
# otherwise.
make_bundle() {
  bundle=$scratch/$1
  shift
  mkdir -p "$bundle"/rootfs/{proc,sys,dev,tmp,etc,root}
  install_busybox "$bundle/rootfs"
  (cd "$bundle" && "$CAISSON" spec)
  configure '.process.terminal = false | .process.args = ["sh", "-c", "exit 0"] | .root.readonly = false'
  local filter
  for filter in "$@"; do
    configure "$filter"
  done
}

# configure FILTER: edits the bundle's config.json by jq.
configure() {
  jq "$1" "$bundle/config.json" >"$bundle/config.json.new"
  mv "$bundle/config.json.new" "$bundle/config.json"
}

# set_command COMMAND…: what the container runs.
set_command() {
  local arguments
  arguments=$(jq -n '$ARGS.positional' --args -- "$@")
  configure ".process.args = $arguments"
}

# Ends what a failed test left, then removes its files; fails if there was anything.
teardown_sandbox_root() {
  local id left=0
  for id in $(ls -A "$state_root" 2>/dev/null); do
    caisson delete --force "$id" || true
  done
  if [ -n "$(ls -A "$state_root" 2>/dev/null)" ]; then
    echo "left in the state directory: $(ls -A "$state_root")" >&2
    left=1
  fi
  if grep -q "$scratch" /proc/mounts; then
    echo "left mounted: $(grep "$scratch" /proc/mounts)" >&2
    left=1
  fi
  rm -rf "$scratch"
  return "$left"
}
