#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd without docker: ctr, and the shim for runc with caisson as its binary.

load ../support/engines
bats_require_minimum_version 1.5.0

setup_file() {
  start_containerd
}

teardown_file() {
  ctr task kill --signal KILL box || true
  ctr task delete --force box || true
  stop_containerd
  no_container_left
}

caisson_run() { ctr run --runc-binary "$CAISSON" --cgroup "/caisson-engines-ctr/$(basename "$ENGINES_SCRATCH")" "$@"; }

@test "ctr run: a kernel of its own, streams apart, the exit code" {
  code=0
  caisson_run --rm "$reference" once sh -c 'uname -r; echo err >&2; exit 3' \
    >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || code=$?
  [ "$code" -eq 3 ]
  [[ $(cat "$BATS_TEST_TMPDIR/out") == *caisson* ]]
  [[ $(cat "$BATS_TEST_TMPDIR/err") == *err* ]]
}

@test "ctr run: a command that does not exist" {
  run caisson_run --rm "$reference" missing no-such-command
  [ "$status" -ne 0 ]
  [[ $output == *'"no-such-command": executable file not found'* ]]
}

@test "ctr task: exec, ps, metrics, pause, resume, kill, delete" {
  caisson_run --detach "$reference" box sleep 1000
  run ctr task exec --exec-id first box sh -c 'uname -r; exit 5'
  [ "$status" -eq 5 ]
  [[ $output == *caisson* ]]
  pid=$(ctr task list | sed -n 's/^box *\([0-9]*\).*/\1/p')
  run ctr task ps box
  [[ $output == *"$pid"* ]]
  run ctr task metrics box
  [[ $output == *memory.usage* ]]  # of version 1: memory.usage_in_bytes
  ctr task pause box
  [[ $(ctr task list) == *PAUSED* ]]
  ctr task resume box
  [[ $(ctr task list) == *RUNNING* ]]
  ctr task kill --signal KILL box
  tail --pid="$pid" -f /dev/null
  ctr task delete --force box
  ctr container delete box
}
