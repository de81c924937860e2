#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill -9 of each process of a container at any moment of its start, and what `delete --force` leaves: nothing.

load ../support/guest
load processes

setup() { setup_chaos chaos sleep 1000; }
teardown() { teardown_sandbox_root; }

# How long a start takes on this host now, in milliseconds.
measure_start() {
  local begun
  begun=$(date +%s%3N)
  start_in_background "$id"
  wait "$starter"
  start_ms=$(($(date +%s%3N) - begun))
  caisson delete --force "$id"
  assert_nothing_left "$id"
}

found() { [ -n "$(processes "$1")" ] || ! kill -0 "$starter" 2>/dev/null; }

# one_round PROGRAM DELAY_MS: kills whoever runs PROGRAM after that much of a start, or as soon as somebody does.
one_round() {
  local program=$1 victims
  start_in_background "$id"
  sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
  wait_for 60 found "$program"
  victims=$(processes "$program")
  [ -z "$victims" ] || killed=$((killed + 1))
  echo "# after $2 of $start_ms ms: kill -9 ${program##*/} (${victims:-gone before})"
  # shellcheck disable=SC2086  # a list of pids
  [ -z "$victims" ] || kill -9 $victims 2>/dev/null || true
  # The commands of a starter that still lives end by themselves; delete comes while they do.
  caisson delete --force "$id"
  wait "$starter" || true
  # What the other command of the starter did meanwhile goes too.
  caisson delete --force "$id"
  assert_nothing_left "$id"
}

# rounds PROGRAM SEED-OFFSET: a third of CHAOS_ROUNDS.
rounds() {
  measure_start
  RANDOM=$((CHAOS_SEED + $2))
  local round killed=0 wanted=$(((CHAOS_ROUNDS + 2) / 3))
  for ((round = 0; round < wanted; round++)); do
    one_round "$1" $((RANDOM * start_ms / 32767))
  done
  # A start faster than the one measured escapes now and then; most must not.
  echo "# killed in $killed of $wanted rounds"
  [ $((2 * killed)) -ge "$wanted" ]
}

@test "chaos: kill -9 of caisson at random moments of a start" { rounds "$caisson_program" 0; }

@test "chaos: kill -9 of caisson-vmm at random moments of a start" { rounds "$vmm_program" 1; }

@test "chaos: kill -9 of QEMU at random moments of a start" {
  [ "${CAISSON_HYPERVISOR:-auto}" != kvm ] || skip "host: KvmMachine has no QEMU in it"
  rounds "$qemu_program" 2
}

@test "chaos: kill -9 of a running caisson-vmm stops the container" {
  start_in_background "$id"
  wait "$starter"
  [ "$(caisson state "$id" | jq -r .status)" = running ]
  kill -9 "$(caisson state "$id" | jq -r .pid)"
  wait_for 10 no_process "$vmm_program"
  # Its QEMU dies with it, before anybody deletes anything.
  wait_for 10 no_process "$qemu_program"
  [ "$(caisson state "$id" | jq -r .status)" = stopped ]
  caisson delete "$id"
  assert_nothing_left "$id"
}

@test "chaos: kill -9 of a running QEMU stops the container" {
  start_in_background "$id"
  wait "$starter"
  [ -n "$(processes "$qemu_program")" ] || skip "host: KvmMachine has no QEMU in it"
  kill -9 "$(processes "$qemu_program")"
  wait_for 10 no_process "$vmm_program"
  [ "$(caisson state "$id" | jq -r .status)" = stopped ]
  caisson delete "$id"
  assert_nothing_left "$id"
}

@test "chaos: caisson-vmm ends by itself when its starter dies before the container is on record" {
  start_in_background "$id"
  wait_for 60 found "$vmm_program"
  local creator
  creator=$(processes "$caisson_program")
  [ -n "$creator" ]
  kill -9 "$creator"
  wait_for 20 no_process "$vmm_program"
  wait_for 10 no_process "$qemu_program"
  wait "$starter" || true
  caisson delete --force "$id"
  assert_nothing_left "$id"
}

@test "chaos: of two creates of one id exactly one wins" {
  local first second won=0
  start_in_background "$id"
  first=$starter
  start_in_background "$id"
  second=$starter
  wait "$first" && won=$((won + 1))
  wait "$second" && won=$((won + 1))
  [ "$won" -eq 1 ]
  grep -q "already exists" "$scratch/starter.log"
  [ "$(caisson state "$id" | jq -r .status)" = running ]
  [ "$(processes "$vmm_program" | wc -l)" -eq 1 ]
  caisson delete --force "$id"
  assert_nothing_left "$id"
}
