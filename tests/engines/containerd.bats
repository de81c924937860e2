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

@test "ctr run: links that a container does not get are named in the log of the runtime, where docs/engines.md says" {
  local net=$BATS_TEST_TMPDIR/net
  touch "$net"
  unshare --net="$net" ip link add seen0 type veth peer name seen1
  caisson_run --detach --with-ns "network:$net" "$reference" linked sleep 1000
  run cat /run/engines-containerd/io.containerd.runtime.v2.task/default/linked/log.json
  ctr task kill --signal KILL linked
  ctr task delete --force linked
  ctr container delete linked
  umount "$net"
  [[ $output == *"the container was given "*seen0*"--network none"* ]]
}

# events_until TOPIC: of ctr, one a line, until there is one of that topic. LIMIT: of a machine that emulates another.
events_until() { timeout 100 tail --follow --lines=+1 "$BATS_TEST_TMPDIR/events" | sed "\| $1 |q"; }

@test "ctr events: a container past its memory limit is out of memory before its end, one that is killed is not" {
  ctr events >"$BATS_TEST_TMPDIR/events" 3>&- &
  local listener=$!
  caisson_run --detach --memory-limit 67108864 "$reference" greedy \
    dd if=/dev/zero of=/dev/null bs=200M count=1
  run events_until /tasks/exit
  echo "$output"
  [[ $output == *" /tasks/oom "*'"container_id":"greedy"'*" /tasks/exit "*'"exit_status":137'* ]]
  ctr task delete greedy || true  # with the exit status, 137
  ctr container delete greedy
  : >"$BATS_TEST_TMPDIR/events"
  caisson_run --detach "$reference" killed sleep 1000
  ctr task kill --signal KILL killed
  run events_until /tasks/exit
  kill "$listener"
  [[ $output == *'"exit_status":137'* ]]
  [[ $output != *" /tasks/oom "* ]]
  ctr task delete killed || true
  ctr container delete killed
}
