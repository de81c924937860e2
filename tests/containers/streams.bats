#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The streams of a process: at once, in order, to their end, and no longer.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

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

# in_turns N: the two streams, by turns, and what came of them.
in_turns="for i in 1 2 3 4 5 6 7 8 9; do echo out\$i; echo err\$i >&2; done"
expect_order() {
  local i wanted=
  for i in 1 2 3 4 5 6 7 8 9; do wanted+="out$i err$i "; done
  [ "$(tr '\n' ' ' <"$1")" = "$wanted" ]
}

@test "streams: standard output and error keep their order where both are one place" {
  make_bundle box
  set_command sh -c "$in_turns"
  caisson run -b "$bundle" box >"$scratch/log" 2>&1
  expect_order "$scratch/log"
  # Two descriptions that append, and a pipe.
  caisson run -b "$bundle" box >>"$scratch/append" 2>>"$scratch/append"
  expect_order "$scratch/append"
  caisson run -b "$bundle" box 2>&1 | cat >"$scratch/piped"
  expect_order "$scratch/piped"
  caisson do -- sh -c "$in_turns" >"$scratch/do" 2>&1 </dev/null
  expect_order "$scratch/do"
  # Inside they are one, too; with two places they are two.
  # shellcheck disable=SC2016 # the container expands
  set_command sh -c 'test "$(readlink /proc/$$/fd/1)" = "$(readlink /proc/$$/fd/2)" && echo one || echo two'
  caisson run -b "$bundle" box >"$scratch/log" 2>&1
  [ "$(cat "$scratch/log")" = one ]
  caisson run -b "$bundle" box >"$scratch/log" 2>"$scratch/err"
  [ "$(cat "$scratch/log")" = two ]
}

@test "streams: exec keeps the order of output and error where both are one place" {
  create_sleeper
  caisson start box
  caisson exec box sh -c "$in_turns" >"$scratch/log" 2>&1
  expect_order "$scratch/log"
  caisson exec box sh -c "$in_turns" 2>&1 | cat >"$scratch/piped"
  expect_order "$scratch/piped"
  caisson exec box sh -c 'echo out; echo err >&2' >"$scratch/log" 2>"$scratch/err"
  [ "$(cat "$scratch/log" "$scratch/err" | paste -sd' ')" = "out err" ]
  caisson exec --detach --pid-file "$scratch/exec.pid" box sh -c "$in_turns" >"$scratch/detached" 2>&1
  tail --pid="$(cat "$scratch/exec.pid")" -f /dev/null
  expect_order "$scratch/detached"
}

@test "streams: a closed standard error that was standard output's place leaves that open" {
  make_bundle box
  set_command sh -c 'exec 2>&-; echo one; sleep 1; echo two'
  caisson run -b "$bundle" box >"$scratch/log" 2>&1
  [ "$(paste -sd' ' "$scratch/log")" = "one two" ]
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
  # A file keeps nobody waiting, as under runc.
  begin=$SECONDS
  local status=0
  caisson exec box sh -c 'sleep 200 & echo done; exit 5' >"$scratch/out" 2>&1 </dev/null || status=$?
  [ "$status" -eq 5 ]
  [ $((SECONDS - begin)) -lt 100 ]
  # Whoever will not wait says so by a signal.
  mkfifo "$scratch/pipe"
  : >"$scratch/heard"
  cat "$scratch/pipe" >"$scratch/heard" &
  "$CAISSON" --root "$state_root" exec box sh -c 'sleep 200 & echo done; exit 5' >"$scratch/pipe" </dev/null &
  local exec=$!
  timeout 60 tail --follow --lines=+1 "$scratch/heard" | grep -q -m 1 'done'
  while caisson ps box | grep -q 'exit 5$'; do :; done
  # One that comes while exec still hears of the end is the process's.
  while kill -TERM "$exec" 2>/dev/null; do sleep 0.1; done
  status=0
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

@test "streams: a directory as standard input is one" {
  make_bundle box
  set_command sh -c 'cat; test -d /dev/fd/0 && ls -a /dev/fd/0/ | paste -sd" "; ls /dev/fd/0/..'
  run caisson run -b "$bundle" box </usr
  [[ $output == *"Is a directory"* ]]
  [[ $output == *". .."* ]]
  [[ $output != *share* ]]
  set_command sleep 1000
  caisson create -b "$bundle" box </dev/null >"$scratch/out" 2>&1
  caisson start box
  run caisson exec box cat </usr
  [[ $output == *"Is a directory"* ]]
}

@test "streams: one that is closed is /dev/null, for exec and run" {
  create_sleeper
  caisson start box
  # shellcheck disable=SC2016 # expanded in the container
  local command='cat; echo lost && echo lost >&2 && echo "done $0" >>/root/done'
  timeout 60 "$CAISSON" --root "$state_root" exec box sh -c "$command" exec-input <&- >"$scratch/out" 2>&1
  [ "$(cat "$scratch/out")" = $'lost\nlost' ]
  timeout 60 "$CAISSON" --root "$state_root" exec box sh -c "$command" exec-output </dev/null >&-
  timeout 60 "$CAISSON" --root "$state_root" exec box sh -c "$command" exec-all <&- >&- 2>&-
  caisson delete --force box
  set_command sh -c "$command" run-all
  timeout 60 "$CAISSON" --root "$state_root" run -b "$bundle" box <&- >&- 2>&-
  [ "$(cat "$bundle/rootfs/root/done")" = "$(printf 'done %s\n' exec-input exec-output exec-all run-all)" ]
}
