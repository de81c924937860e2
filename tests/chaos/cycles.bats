#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Whole lives of containers, several at a time, first in peace and then while somebody ends one process of theirs after the
# other by kill -9: in peace every step works, and after either nothing is left. CHAOS_CYCLES (default 24) is how many lives.

load ../support/guest
load processes

# Ends by its own hand when asked to; before it can, a TERM is not for it: it is the first process of its namespace.
setup() { setup_chaos cycles sh -c 'trap "exit 3" TERM; echo can; sleep 1000 & wait'; }
teardown() { teardown_sandbox_root; }

run_caisson() { "$CAISSON" --root "$state_root" "$@" </dev/null 3>&-; }

stopped() { [ "$(run_caisson state "$1" | jq -r .status)" = stopped ]; }

# live ID: one life, every step of which works.
live() {
  local output said=
  mkfifo "$scratch/$1"
  exec {output}<>"$scratch/$1" # for both, so that neither side waits to open it
  run_caisson create -b "$bundle" "$1" >"$scratch/$1" 2>&1 &&
    run_caisson start "$1" &&
    read -r -t 60 -u "$output" said && [ "$said" = can ] &&
    [ "$(run_caisson exec "$1" echo "in $1")" = "in $1" ] &&
    run_caisson kill "$1" TERM &&
    wait_for 20 stopped "$1" &&
    run_caisson delete "$1"
}

# live_dangerously ID: the same steps, whatever becomes of them; delete is the one that must come true.
live_dangerously() {
  {
    run_caisson create -b "$bundle" "$1" && run_caisson start "$1" && run_caisson exec "$1" true
    run_caisson kill "$1" KILL
  } >/dev/null 2>&1
  local attempt
  for attempt in 1 2 3 4 5 6 7 8 9 10; do # it is killed too
    run_caisson delete --force "$1" >/dev/null 2>&1 && return 0
  done
  echo "container $1 could not be deleted: $(run_caisson delete --force "$1" 2>&1), after attempt $attempt"
  return 1
}

# in_parallel STEP: a third of CHAOS_CYCLES lives in each of three workers; fails where one does.
in_parallel() {
  local worker status=0 workers=()
  for worker in 1 2 3; do
    (
      trap - EXIT
      for ((life = 0; life < (CHAOS_CYCLES / 2 + 2) / 3; life++)); do
        "$1" "$id-$worker-$life" || { echo "life $life of worker $worker failed"; exit 1; }
      done
    ) &
    workers+=($!)
  done
  for worker in "${workers[@]}"; do wait "$worker" || status=1; done
  return "$status"
}

# Ends one process after the other, each at a moment nobody chose, until it is ended itself.
reap_at_random() {
  local victims
  while sleep "$(printf '0.%03d' $((RANDOM % 700)))"; do
    mapfile -t victims < <(processes "$caisson_program"; processes "$vmm_program"; processes "$qemu_program")
    [ ${#victims[@]} -eq 0 ] || kill -9 "${victims[RANDOM % ${#victims[@]}]}" 2>/dev/null || true
  done
}

@test "chaos: lives side by side, every step of each works" {
  in_parallel live
  assert_nothing_left "$id"
}

@test "chaos: lives side by side under random kill -9 leave nothing" {
  RANDOM=$CHAOS_SEED
  (
    trap - EXIT
    exec >/dev/null 2>&1 3>&-
    reap_at_random
  ) &
  local reaper=$! status=0
  in_parallel live_dangerously || status=1
  kill "$reaper"
  wait "$reaper" || true
  [ "$status" -eq 0 ]
  # A command of a life that was over for its container ends by itself.
  wait_for 20 no_process "$caisson_program"
  assert_nothing_left "$id"
}
