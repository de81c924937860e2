# SPDX-License-Identifier: Apache-2.0
# What the end-to-end tests share (tests/containers, tests/chaos): a bundle of static busybox, and a check that nothing of a
# container is left. CAISSON names the binary, CAISSON_HYPERVISOR the machine (kvm or qemu; default: what auto picks).
# shellcheck shell=bash

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CAISSON=${CAISSON:-$repository/build/release/bin/caisson}
# shellcheck source=tests/support/busybox.bash
source "$repository/tests/support/busybox.bash"

# One state directory per test: what is left in it was left by this test.
setup_sandbox_root() {
  : "${CAISSON_TEST_NAMESPACE:?run these tests by tests/support/run_bats: what they leave is found in its namespaces}"
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/caisson-test.XXXXXX")
  state_root=$scratch/state
  mkdir -m 700 "$state_root"
  # A name that no other test has, beside this one or on another day.
  unique=${scratch##*.}
  orphans >"$scratch/orphans"
}

caisson() {
  note_container "$@"
  "$CAISSON" --root "$state_root" "$@"
}

# note_container COMMAND LINE…: a container that this command leaves on purpose is the test's to delete; teardown does it.
note_container() {
  local word verb='' stays=0
  for word; do
    case $word in
      create) verb=${verb:-create} ;;
      run) verb=${verb:-run} ;;
      --detach | -d) stays=1 ;;
      --) break ;;
    esac
  done
  if [ "$verb" = create ] || [ "$verb$stays" = run1 ]; then expect_container "${!#}"; fi
}
expect_container() { echo "$1" >>"$scratch/containers"; }

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

# wait_for_all PID…: for each, and fails where one has; `wait` of many tells of the last alone. By pid: bats' own watchdog is a
# child of this shell too.
wait_for_all() {
  local pid status=0
  for pid; do wait "$pid" || status=1; done
  return "$status"
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

# orphans: processes whose parent has gone, by pid; run_bats is process 1 here.
orphans() { ps -e -o pid=,ppid= | awk '$2 == 1 { print $1 }' | sort; }

# left_processes: what this test left running: orphans that were not there before it, and machines wherever they are.
left_processes() {
  {
    comm -13 "$scratch/orphans" <(orphans)
    ps -e -o pid=,comm= | awk '$2 ~ /^(caisson|caisson-vmm|qemu-system-x86)$/ { print $1 }'
  } | sort -u
}

# cgroups_of ID: the directories of this container's process, in every hierarchy where it is not the caller's own.
cgroups_of() {
  local pid
  pid=$("$CAISSON" --root "$state_root" state "$1" 2>/dev/null | jq '.pid // 0') || return 0
  [ "${pid:-0}" -gt 0 ] && [ -r "/proc/$pid/cgroup" ] || return 0
  comm -23 <(sort "/proc/$pid/cgroup") <(sort /proc/self/cgroup) | while IFS=: read -r _ controllers path; do
    awk -v wanted="${controllers:-v2}" '($3 == "cgroup" && $4 ~ ("(^|,)" wanted "(,|$)")) || ($3 == "cgroup2" && wanted == "v2") { print $2 }' \
      /proc/mounts | head -n 1 | sed "s|\$|$path|"
  done
}

# report_left WHAT TEXT: whether there is no TEXT; else says so.
report_left() {
  [ -n "$2" ] || return 0
  echo "left $1:" $2 >&2
  return 1
}

# Looks for what the test left, deletes the containers that it made to stay, and looks again. Fails where anything is left that
# should have gone by itself (unless the test failed already, and so could not end things), or does not go.
teardown_sandbox_root() {
  # What it finds it ends: never the host's.
  [ -n "${CAISSON_TEST_NAMESPACE:-}" ] || return 1
  # Of a test that fails: what its last `run` said, which most do not print.
  [ -n "${BATS_TEST_COMPLETED:-}" ] || [ -z "${output:-}" ] || printf 'the last output was:\n%s\n' "${output:0:2000}"
  local id left=0 cgroups pid
  touch "$scratch/containers"
  local there stray
  there=$(ls -A "$state_root" 2>/dev/null | sort)
  stray=$(comm -23 <(echo -n "${there:+$there$'\n'}") <(sort -u "$scratch/containers"))
  [ -z "${BATS_TEST_COMPLETED:-}" ] || report_left "in the state directory by a command that had ended" "$stray" || left=1
  cgroups=$(for id in $there; do cgroups_of "$id"; done)
  for id in $there; do
    "$CAISSON" --root "$state_root" delete --force "$id" || left=1
  done
  report_left "in the state directory after delete" "$(ls -A "$state_root" 2>/dev/null)" || left=1
  # A killed process is there for a moment more.
  for pid in $(left_processes); do
    timeout 10 tail --pid="$pid" -f /dev/null || true
  done
  report_left listening "$(grep -F "$scratch" /proc/net/unix)" || left=1
  for pid in $(left_processes); do
    report_left running "$pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")" || left=1
    kill -KILL "$pid"
  done
  report_left mounted "$(grep -F "$scratch" /proc/mounts)" || left=1
  report_left "of cgroups" "$(for id in $cgroups; do [ ! -d "$id" ] || echo "$id"; done)" || left=1
  rm -rf --one-file-system "$scratch"
  return "$left"
}
