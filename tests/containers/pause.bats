#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A paused container: who looks at it meanwhile, who ends it, and what a pause or resume that was killed leaves.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() {
  setup_sandbox_root
  make_bundle box
  set_command sh -c 'trap "exit 3" USR1; while :; do sleep 0.1; date +%s%N >/tick; done'
  caisson run --detach -b "$bundle" box </dev/null >/dev/null 2>&1
  timeout 60 sh -c 'until [ -s "$1" ]; do sleep 0.1; done' sh "$bundle/rootfs/tick"
}
teardown() { teardown_sandbox_root; }

# look_in: three at once; their process ids are $lookers.
look_in() {
  caisson ps box >/dev/null &
  lookers=($!)
  caisson events --stats box >/dev/null &
  lookers+=($!)
  caisson ps box >/dev/null &
  lookers+=($!)
}
status_now() { caisson state box | jq -r .status; }
# ticks [SECONDS]: whether the container runs code, and writes another tick within that time.
ticks() {
  # shellcheck disable=SC2016 # the inner shell expands
  timeout "${1:-60}" sh -c 'before=$(cat "$1"); until [ "$(cat "$1")" != "$before" ]; do sleep 0.1; done' sh "$bundle/rootfs/tick"
}

@test "pause: SIGKILL ends a paused container" {
  local pid
  caisson pause box
  pid=$(caisson state box | jq .pid)
  caisson kill box KILL
  timeout 30 tail --pid="$pid" -f /dev/null
  [ "$(status_now)" = stopped ]
}

@test "pause: another signal waits for the container to be resumed" {
  caisson pause box
  caisson kill box USR1
  [ "$(status_now)" = paused ]
  local pid
  pid=$(caisson state box | jq .pid)
  caisson resume box
  timeout 30 tail --pid="$pid" -f /dev/null
}

@test "pause: who looks into a paused container does not stop it when it is resumed meanwhile" {
  local round lookers
  for round in 1 2 3 4 5; do
    caisson pause box
    look_in
    caisson resume box
    wait_for_all "${lookers[@]}"
    [ "$(status_now)" = running ]
    ticks
  done
}

@test "pause: who has looked into a paused container leaves it asleep" {
  caisson pause box
  local lookers
  look_in
  wait_for_all "${lookers[@]}"
  [ "$(status_now)" = paused ]
  run ticks 3
  [ "$status" -eq 124 ]
  # What the guest's freezer cannot do: its processor stands still, too. QEMU's as a process, stopped.
  local machine
  if machine=$(pgrep --parent "$(caisson state box | jq .pid)"); then
    timeout 10 sh -c 'until grep -q "^State:.T" "$1"; do sleep 0.1; done' sh "/proc/$machine/status"
  fi
  caisson resume box
  ticks
}

@test "pause: after a pause or a resume that was killed, both work" {
  local round
  for round in 1 2 3 4 5 6; do
    # At no moment in particular; some are done by then.
    timeout --signal KILL "0.0$round" "$CAISSON" --root "$state_root" pause box || true
    timeout --signal KILL "0.0$round" "$CAISSON" --root "$state_root" resume box || true
  done
  [ "$(status_now)" = paused ] || caisson pause box
  caisson resume box
  [ "$(status_now)" = running ]
  ticks
  [ "$(caisson exec box echo inside)" = inside ]
}
