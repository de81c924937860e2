# SPDX-License-Identifier: Apache-2.0
# How the chaos tests find and end processes, and look for what a container left. Everything in /proc is of this test
# run (tests/chaos/run makes a process namespace); nothing is found by name.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of and for the tests

vmm_program=$(readlink -f "$(dirname "$CAISSON")/caisson-vmm")
caisson_program=$(readlink -f "$CAISSON")
qemu_program=$(readlink -f "$(command -v qemu-system-x86_64)")

# setup_chaos PREFIX COMMAND…: a bundle that runs COMMAND, and what was there before; $id begins with PREFIX. Not a pid: in
# a process namespace of its own every run has the same.
setup_chaos() {
  setup_sandbox_root
  export TMPDIR=$scratch/tmp
  mkdir "$TMPDIR"
  make_bundle box
  set_command "${@:2}"
  list_mounts >"$scratch/mounts"
  id=$1-${scratch##*.}-$BATS_TEST_NUMBER
}

# processes PROGRAM: the pids that execute this file.
processes() {
  local link
  for link in /proc/[0-9]*/exe; do
    if [ "$(readlink "$link" 2>/dev/null)" = "$1" ]; then
      link=${link#/proc/}
      echo "${link%/exe}"
    fi
  done
}

# start_in_background ID: creates and starts a container that sleeps; its pid is in $starter.
start_in_background() {
  (
    trap - EXIT
    exec </dev/null >>"$scratch/starter.log" 2>&1
    "$CAISSON" --root "$state_root" create -b "$bundle" "$1" 3>&- && exec "$CAISSON" --root "$state_root" start "$1" 3>&-
  ) &
  starter=$!
}

# wait_for SECONDS COMMAND…: until the command succeeds.
wait_for() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 0.01
  done
}

no_process() { [ -z "$(processes "$1")" ]; }

list_mounts() { sort /proc/mounts; }

list_cgroups() { find /sys/fs/cgroup -maxdepth 3 -name "*$1*" 2>/dev/null; }

# assert_nothing_left ID: no process, mount, socket, cgroup or file of this container.
assert_nothing_left() {
  local program left=0
  for program in "$caisson_program" "$vmm_program" "$qemu_program"; do
    if ! no_process "$program"; then
      echo "left running: $program ($(processes "$program" | tr '\n' ' '))"
      left=1
    fi
  done
  if [ -n "$(ls -A "$state_root")" ]; then
    echo "left in the state directory: $(find "$state_root" -mindepth 1)"
    left=1
  fi
  if [ -n "$(ls -A "$TMPDIR")" ]; then
    echo "left in TMPDIR: $(find "$TMPDIR" -mindepth 1)"
    left=1
  fi
  if ! diff <(list_mounts) "$scratch/mounts"; then
    echo "left mounted (above)"
    left=1
  fi
  if grep -F "$scratch" /proc/net/unix; then
    echo "left listening (above)"
    left=1
  fi
  if [ -n "$(list_cgroups "$1")" ]; then
    echo "left cgroups: $(list_cgroups "$1")"
    left=1
  fi
  return "$left"
}
