#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill -9 of caisson between any two system calls by which it changes the host or asks the guest for something: what comes after
# works, and nothing stays. kill.bats hits moments at random, this one hits them by name.

load ../support/guest
load processes
bats_require_minimum_version 1.5.0

setup() {
  setup_chaos moments sleep 1000
  seed=$((CHAOS_SEED + BATS_TEST_NUMBER)) killed=0 tried=0
}
teardown() { teardown_sandbox_root; }

# What changes the host, or reaches others.
calls=mkdir,openat,rename,renameat,renameat2,unlink,unlinkat,rmdir,write,clone3,sendto,sendmsg,pidfd_send_signal

# list_moments VERB…: runs it to its end, and prints for each such call its name and which of that name it was.
list_moments() {
  strace -o "$scratch/trace" -e trace="$calls" "$CAISSON" --root "$state_root" "$@" </dev/null >"$scratch/out" 2>&1
  awk -F'(' '/^[a-z0-9_]+\(/ && ++count[$1] && ($1 != "openat" || /O_CREAT|O_WRONLY|O_RDWR/) && !/^write\([12],/ \
    { print $1, count[$1] }' "$scratch/trace"
}

# some: a third of CHAOS_ROUNDS of the lines, by CHAOS_SEED.
some() {
  awk -v seed="$seed" 'BEGIN { srand(seed) } { printf "%.9f\t%s\n", rand(), $0 }' | sort -n |
    head -n $(((CHAOS_ROUNDS + 2) / 3)) | cut -f 2
}

# kill_before "CALL NUMBER" VERB…
kill_before() {
  local call=${1% *} number=${1#* } status=0
  echo "# $2 is killed before $1"
  shift
  tried=$((tried + 1))
  strace -o "$scratch/trace" -e trace="$call" -e inject="$call:signal=KILL:when=$number" \
    "$CAISSON" --root "$state_root" "$@" </dev/null >"$scratch/out" 2>&1 || status=$?
  [ "$status" -ne 137 ] || killed=$((killed + 1))
  caisson list >"$scratch/list"
}

state() { caisson state "$id" 2>/dev/null | jq -r .status; }
create() { caisson create -b "$bundle" "$id" </dev/null >"$scratch/out" 2>&1 3>&-; }
# Its caisson-vmm, which nobody has told that the container is on record, ends by itself.
delete() {
  caisson delete --force "$id"
  wait_for 20 no_process "$vmm_program"
  wait_for 20 no_process "$qemu_program"
  assert_nothing_left "$id"
}
# One call more or less than in the run that was listed lets a command escape now and then.
most_were_killed() {
  echo "# killed in $killed of $tried"
  [ $((4 * killed)) -ge $((3 * tried)) ] && [ "$tried" -gt 3 ]
}

@test "chaos: create, killed between any two of its steps, leaves what delete --force takes away" {
  local moments moment
  moments=$(list_moments create -b "$bundle" "$id")
  delete
  # Before there is a machine all of them, which costs little.
  while read -r -u 9 moment; do
    kill_before "$moment" create -b "$bundle" "$id"
    delete
  done 9< <(sed '/^clone3/q' <<<"$moments"; sed '1,/^clone3/d' <<<"$moments" | some)
  most_were_killed
}

@test "chaos: start, killed between any two of its steps, is ended by the next, and none takes what runs for what waits" {
  local moments moment
  create
  moments=$(list_moments start "$id")
  delete
  while read -r -u 9 moment; do
    create
    kill_before "$moment" start "$id"
    # Either way: what has run once cannot be let go twice, but never looks as if it waited.
    if ! caisson start "$id" 2>"$scratch/again"; then grep -q 'already running' "$scratch/again"; fi
    [ "$(state)" = running ]
    caisson exec "$id" true
    delete
  done 9<<<"$moments"
  most_were_killed
}

@test "chaos: pause and resume, killed between any two of their steps, are undone by the next resume" {
  local moments moment
  create
  caisson start "$id"
  moments=$(list_moments pause "$id")
  [ -n "$moments" ]
  caisson resume "$id"
  while read -r -u 9 moment; do
    kill_before "$moment" pause "$id"
    if [ "$(state)" = paused ]; then caisson resume "$id"; fi
    [ "$(state)" = running ]
    [ "$(timeout 60 "$CAISSON" --root "$state_root" exec "$id" echo here)" = here ]
  done 9<<<"$moments"
  caisson pause "$id"
  moments=$(list_moments resume "$id")
  [ -n "$moments" ]
  while read -r -u 9 moment; do
    caisson pause "$id"
    kill_before "$moment" resume "$id"
    if [ "$(state)" = paused ]; then caisson resume "$id"; fi
    [ "$(state)" = running ]
    [ "$(timeout 60 "$CAISSON" --root "$state_root" exec "$id" echo here)" = here ]
  done 9<<<"$moments"
  delete
  most_were_killed
}

@test "chaos: exec and update, killed between any two of their steps, keep nobody from the next" {
  local moments moment
  create
  caisson start "$id"
  moments=$(list_moments exec "$id" true)
  [ -n "$moments" ]
  while read -r -u 9 moment; do
    kill_before "$moment" exec "$id" true
    [ "$(timeout 60 "$CAISSON" --root "$state_root" exec "$id" echo here)" = here ]
  done 9<<<"$moments"
  moments=$(list_moments update --memory 300M --cpu-quota 50000 "$id")
  [ -n "$moments" ]
  while read -r -u 9 moment; do
    kill_before "$moment" update --memory 300M --cpu-quota 50000 "$id"
    caisson update --memory 400M --cpu-quota 60000 "$id"
    [ "$(timeout 60 "$CAISSON" --root "$state_root" exec "$id" cat /sys/fs/cgroup/memory.max)" = $((400 << 20)) ]
  done 9<<<"$moments"
  delete
  most_were_killed
}

@test "chaos: delete, killed between any two of its steps, is ended by the next" {
  local moments moment
  create
  moments=$(list_moments delete --force "$id")
  while read -r -u 9 moment; do
    create
    kill_before "$moment" delete --force "$id"
    delete
  done 9< <(some <<<"$moments")
  most_were_killed
}
