#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A directory that the host and several containers write: each sees at once what the others did, appends stay whole, locks
# keep the others out, and a full disk is told.

load ../support/guest

setup() {
  setup_sandbox_root
  mkdir "$scratch/shared"
  tools=$BATS_FILE_TMPDIR
}
teardown() { teardown_sandbox_root; }

setup_file() {
  local source=$BATS_TEST_DIRNAME/../devices/fs
  gcc -O1 -static -o "$BATS_FILE_TMPDIR/coherence" "$source/coherence.c"
  gcc -O1 -static -o "$BATS_FILE_TMPDIR/fsx" "$source/fsx.c"
  gcc -O1 -static -o "$BATS_FILE_TMPDIR/lock" "$source/lock.c"
}

# make_sharer NAME COMMAND…: a bundle that runs COMMAND, with the directory at /shared and the tools at /tools.
make_sharer() {
  make_bundle "$1"
  shift
  configure ".mounts += [{destination: \"/shared\", type: \"bind\", source: \"$scratch/shared\", options: [\"rbind\", \"rw\"]},
    {destination: \"/tools\", type: \"bind\", source: \"$tools\", options: [\"rbind\", \"ro\"]}]"
  set_command "$@"
}

@test "shared files: what the host changes, a container sees at once" {
  make_sharer box /tools/coherence look /shared
  run "$tools/coherence" drive "$scratch/shared" "${COHERENCE_ROUNDS:-8}" "$CAISSON" --root "$state_root" run -b "$bundle" box
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "shared files: the position after an append is where it ended, whoever else appended before" {
  # The position is told by /proc; the page at hand and a map of the file show the whole of it.
  make_sharer box sh -c 'exec 3>>/shared/log; echo first >&3; cat /shared/log >/dev/null; echo ready; read -r go
    echo third >&3; sed -n "s/^pos:[^0-9]*//p" /proc/$$/fdinfo/3; cat /shared/log; echo end'
  coproc caisson run -b "$bundle" box
  local out=${COPROC[0]} in=${COPROC[1]} line
  read -r line <&"$out"
  [ "$line" = ready ]
  echo "second, by the host" >>"$scratch/shared/log"
  echo go >&"$in"
  run cat <&"$out"
  echo "$output"
  [ "$output" = $'32\nfirst\nsecond, by the host\nthird\nend' ]
}

@test "shared files: lines of 3 kB appended by two containers and the host stay whole" {
  make_sharer one /tools/coherence append /shared/log 1 150
  caisson run -b "$bundle" one &
  local one=$!
  make_sharer two /tools/coherence append /shared/log 2 150
  caisson run -b "$bundle" two &
  local two=$!
  # Until the first of them is there to be disturbed.
  timeout 100 sh -c "until [ -s $scratch/shared/log ]; do sleep 0.05; done"
  "$tools/coherence" append "$scratch/shared/log" h 3000
  wait "$one"
  wait "$two"
  run "$tools/coherence" check "$scratch/shared/log" 3300
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "shared files: what a container locks, the host and another container cannot" {
  make_sharer holder /tools/lock hold /shared/file
  mkfifo "$scratch/in" "$scratch/out"
  caisson run -b "$bundle" holder <"$scratch/in" >"$scratch/out" &
  local holder=$! line
  exec 8>"$scratch/in" 9<"$scratch/out"
  read -r line <&9
  [ "$line" = held ]
  run "$tools/lock" try "$scratch/shared/file"
  [ "$output" = "flock busy, record busy" ]
  make_sharer other /tools/lock try /shared/file
  run caisson run -b "$bundle" other
  echo "$output"
  [ "$output" = "flock busy, record busy" ]
  # The end of the guest lets go.
  exec 8>&- 9<&-
  wait "$holder"
  run "$tools/lock" try "$scratch/shared/file"
  [ "$output" = "flock free, record free" ]
}

@test "shared files: a lock that the host holds is waited for, a signal ends the wait, the guest goes on" {
  make_sharer waiter /tools/lock wait /shared/file
  "$tools/lock" hold "$scratch/shared/file" < <(sleep 1000 & echo $! >"$scratch/sleeper"; wait) >"$scratch/held" &
  local host=$!
  timeout 10 sh -c "until grep -q held $scratch/held; do sleep 0.05; done"
  mkfifo "$scratch/in" "$scratch/out"
  caisson run -b "$bundle" waiter <"$scratch/in" >"$scratch/out" &
  local waiter=$! line
  exec 8>"$scratch/in" 9<"$scratch/out"
  read -r line <&9
  [ "$line" = "interrupted, interrupted" ]
  kill "$(cat "$scratch/sleeper")"
  wait "$host"
  read -r line <&9
  [ "$line" = "got both" ]
  exec 8>&- 9<&-
  wait "$waiter"
}

@test "shared files: locks on the root file system are the guest's, and keep its processes apart" {
  make_sharer box sh -c 'touch /file; /tools/lock hold /file <&- & sleep 1; flock -n /file true || echo kept; wait'
  mkfifo "$bundle/fifo"
  set_command sh -c '(echo; sleep 3) | /tools/lock hold /file >/held & until grep -q held /held; do sleep 0.1; done; /tools/lock try /file; wait'
  run caisson run -b "$bundle" box
  echo "$output"
  [ "$output" = "flock busy, record busy" ]
}

@test "shared files: a map written past the last room is an error at msync, and loses nothing that had room" {
  make_sharer box /tools/fsx full /shared
  run unshare --mount sh -c "mount -t tmpfs -o size=4m small $scratch/shared && $CAISSON --root $state_root run -b $bundle box"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "shared files: a file used at random holds what was written, on a volume and on the root file system" {
  make_sharer box sh -c "/tools/fsx /shared/file ${FSX_OPERATIONS:-1000} 1 && /tools/fsx /file ${FSX_OPERATIONS:-1000} 2"
  run caisson run -b "$bundle" box
  echo "$output"
  [ "$status" -eq 0 ]
}
