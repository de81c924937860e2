#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's wall clock is the host's. What happens when that is set, tests/testbed/set_clock.bats tries.

load ../support/guest
load ../support/clock
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

@test "clock: at the start it shows the host's time to a millisecond" {
  local _ before shown after
  make_bundle box
  # shellcheck disable=SC2016 # the inner shell expands
  set_command sh -c 'echo "$EPOCHREALTIME"'
  for _ in 1 2 3; do
    before=${EPOCHREALTIME/[.,]/}
    shown=$(caisson run -b "$bundle" box </dev/null)
    after=${EPOCHREALTIME/[.,]/}
    shown=${shown/[.,]/}
    echo "$before $shown $after"
    ((shown >= before - 1000 && shown <= after + 1000))
  done
}

@test "clock: while the container runs, and after a pause" {
  start_clock
  clock_is_right 1000
  caisson pause box
  sleep 3
  caisson resume box
  clock_is_right 10000
  end_clock
}

@test "clock: make finds no file from the future in what is shared with the host" {
  mkdir "$scratch/work"
  printf 'out: src\n\tcp src out\nsrc:\n\techo x >src\n' >"$scratch/work/Makefile"
  cd "$scratch/work"
  run caisson do --rw "$scratch/work" -- sh -c 'make && make -B' </dev/null
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output != *[Ss]kew* ]]
  [[ $output != *"in the future"* ]]
}
