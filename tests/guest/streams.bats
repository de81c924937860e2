#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The streams of a process: at once, in order, to their end, and no longer.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() {
  ! mountpoint -q "$scratch/full" || umount -l "$scratch/full"
  teardown_sandbox_root
}

create_sleeper() {
  make_bundle box "$@"
  set_command sleep 1000
  caisson create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1
}

# A reader that polls, reads and polls again, as engines do on one thread: both streams to their end, none held up by
# the other.
@test "exec: a line is readable when it is written, and one thread can read both streams" {
  create_sleeper
  caisson start box
  # The reader comes late: the line lies there, and the program says nothing more for a while.
  mkfifo "$scratch/line"
  caisson exec box sh -c 'echo one; sleep 20; echo two' </dev/null >"$scratch/line" &
  local writer=$!
  exec {line}<"$scratch/line"
  sleep 2
  local begin=$SECONDS first
  read -r -t 15 -u "$line" first
  [ "$first" = one ]
  [ $((SECONDS - begin)) -lt 10 ]
  exec {line}<&-

  cat >"$scratch/read_both.py" <<'PYTHON'
import os, select, subprocess, sys, time
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
total = {process.stdout.fileno(): 0, process.stderr.fileno(): 0}
left = set(total)
while left:
    for fd in select.select(list(left), [], [])[0]:
        time.sleep(0.02)
        got = len(os.read(fd, 65536))
        total[fd] += got
        if not got:
            left.remove(fd)
print(*total.values(), process.wait())
PYTHON
  run timeout 120 python3 "$scratch/read_both.py" "$CAISSON" --root "$state_root" exec box \
    sh -c 'echo one; sleep 1; head -c 3000000 /dev/zero >&2; echo end'
  [ "$status" -eq 0 ]
  [ "$output" = "8 3000000 0" ]
  # A dialogue: each answer is read before the next question is asked.
  coproc dialogue { caisson exec box sh -c 'while read -r question; do echo "answer $question"; done'; }
  local ask=${dialogue[1]} answers=${dialogue[0]} ended=$dialogue_PID i reply
  for i in 1 2 3; do
    echo "$i" >&"$ask"
    read -r -t 20 -u "$answers" reply
    [ "$reply" = "answer $i" ]
  done
  exec {ask}>&-
  wait "$ended"
  # Its reader has gone: it may end as it likes, but it ends.
  wait "$writer" || true
}

# As under runc: what a child writes is the command's output, for as long as it may write.
@test "exec: a child left behind that holds the output keeps it, to its end and no longer" {
  create_sleeper
  caisson start box
  local begin=$SECONDS
  run caisson exec box sh -c '(sleep 8; echo late) & echo done; exit 4'
  [ "$status" -eq 4 ]
  [ "$output" = "done
late" ]
  [ $((SECONDS - begin)) -ge 7 ]
  # Whoever will not wait says so by a signal.
  "$CAISSON" --root "$state_root" exec box sh -c 'sleep 200 & echo done; exit 5' >"$scratch/out" </dev/null &
  local exec=$!
  timeout 60 tail --follow --lines=+1 "$scratch/out" | grep -q -m 1 'done'
  sleep 2
  kill -TERM "$exec"
  local status=0
  wait "$exec" || status=$?
  [ "$status" -eq 5 ]
  # Detached, the relay stands for the process alone: all that was written before its end, and no waiting.
  caisson exec --detach --pid-file "$scratch/exec.pid" box \
    sh -c 'sleep 200 & head -c 300000 /dev/zero; echo; echo done' >"$scratch/detached" </dev/null
  begin=$SECONDS
  timeout 100 tail --pid="$(cat "$scratch/exec.pid")" -f /dev/null
  [ $((SECONDS - begin)) -lt 60 ]
  [ "$(wc -c <"$scratch/detached")" -eq 300006 ]
}
