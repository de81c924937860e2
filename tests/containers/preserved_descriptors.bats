#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --preserve-fds and LISTEN_FDS: descriptors of the caller in a process of the guest (docs/oci-support.md, "Descriptors").
# Descriptors 3 and 4 may be the test's own.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

@test "preserved: a file is read, a pipe is written, neither leaks anything else" {
  make_bundle box
  # shellcheck disable=SC2016 # the container's shell expands
  set_command sh -c 'cat <&5 >&7; ls /proc/self/fd | tr "\n" " "'
  head -c 1000000 /dev/urandom >"$scratch/in"
  mkfifo "$scratch/fifo"
  cat "$scratch/fifo" >"$scratch/copy" 3>&- 4>&- &
  local reader=$!
  caisson run --preserve-fds 5 -b "$bundle" box 3>&- 4>&- 5<"$scratch/in" 7>"$scratch/fifo" >"$scratch/out"
  wait "$reader"
  cat "$scratch/out"
  # ls has one more for the directory it reads.
  [ "$(cat "$scratch/out")" = "0 1 2 3 5 7 " ]
  cmp "$scratch/in" "$scratch/copy"
}

@test "preserved: a socket goes both ways, and its ends are half-closed" {
  make_bundle box
  set_command sh -c 'tr a-z A-Z <&4 >&4'
  run timeout 120 python3 - "$CAISSON" --root "$state_root" run --preserve-fds 2 -b "$bundle" box <<'PYTHON'
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
os.dup2(theirs.fileno(), 4)
theirs.close()
container = subprocess.Popen(sys.argv[1:], pass_fds=[4], stdin=subprocess.DEVNULL)
os.close(4)
ours.sendall(b"spoken softly\n" * 10000)
ours.shutdown(socket.SHUT_WR)
heard = b""
while piece := ours.recv(65536):
    heard += piece
assert heard == b"SPOKEN SOFTLY\n" * 10000, len(heard)
assert container.wait() == 0
PYTHON
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "preserved: devices are the guest's own" {
  make_bundle box
  set_command sh -c 'head -c 3 <&4 | od -An -tx1; echo x >&5; stat -Lc %t:%T /proc/self/fd/4 /proc/self/fd/5'
  run caisson run --preserve-fds 3 -b "$bundle" box 3>&- 4</dev/zero 5>/dev/null
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$output" = " 00 00 00
1:5
1:3" ]
}

@test "preserved: without the option the process has none" {
  make_bundle box
  set_command sh -c 'ls /proc/self/fd | tr "\n" " "'
  run caisson run -b "$bundle" box 3>&- 4</dev/zero 5<"$bundle/config.json"
  [ "$output" = "0 1 2 3 " ]
}

@test "preserved: an exec has its own, attached and detached" {
  make_bundle box
  set_command sleep 1000
  caisson run --detach -b "$bundle" box </dev/null >"$scratch/out" 2>&1
  echo attached >"$scratch/in"
  run caisson exec --preserve-fds 2 box sh -c 'cat <&4' 3>&- 4<"$scratch/in"
  echo "$output"
  [ "$output" = attached ]
  mkfifo "$scratch/fifo"
  caisson exec --detach --preserve-fds 2 box sh -c 'echo detached >&4' 3>&- 4<>"$scratch/fifo" 2>"$scratch/err" && return 1
  grep "descriptor 4 is open for reading and writing at once" "$scratch/err"
  cat "$scratch/fifo" >"$scratch/heard" 3>&- &
  local reader=$!
  caisson exec --detach --preserve-fds 2 box sh -c 'echo detached >&4' 3>&- 4>"$scratch/fifo" </dev/null >"$scratch/out" 2>&1
  wait "$reader"
  [ "$(cat "$scratch/heard")" = detached ]
  caisson delete --force box
}

@test "preserved: LISTEN_FDS counts, and the process is told of it as its own" {
  make_bundle box '.process.env += ["LISTEN_PID=7"]'
  # shellcheck disable=SC2016 # the container's shell expands
  set_command sh -c 'echo $LISTEN_FDS $LISTEN_PID; cat <&3'
  echo listened >"$scratch/in"
  LISTEN_FDS=1 run caisson run -b "$bundle" box 3<"$scratch/in"
  echo "$output"
  [ "$output" = "1 7
listened" ]
  # Meant for somebody else: sd_listen_fds(3).
  # shellcheck disable=SC2016 # the container's shell expands
  set_command sh -c 'echo $LISTEN_FDS; ls /proc/self/fd | tr "\n" " "'
  LISTEN_PID=1 LISTEN_FDS=1 run caisson run -b "$bundle" box2 3<"$scratch/in"
  [ "$output" = "
0 1 2 3 " ]
}

@test "preserved: what cannot be passed into a VM is refused by its number" {
  make_bundle box
  run -1 caisson run --preserve-fds 2 -b "$bundle" box 4<"$scratch"
  [[ $output == *"descriptor 4 is a place in the host's file system; close it, and use a bind mount"* ]]
  run -1 python3 - "$CAISSON" --root "$state_root" run --preserve-fds 3 -b "$bundle" box <<'PYTHON'
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("\0caisson-test-%d" % os.getpid())
listener.listen()
os.dup2(listener.fileno(), 5)
os.set_inheritable(5, True)
os.execv(sys.argv[1], sys.argv[1:])
PYTHON
  [[ $output == *"descriptor 5 is a listening socket"* ]]
  run -1 caisson run --preserve-fds -1 -b "$bundle" box
  [[ $output == *"--preserve-fds: must be between 0 and 511"* ]]
  LISTEN_FDS=many run -1 caisson run -b "$bundle" box
  [[ $output == *'LISTEN_FDS: "many" is not a number'* ]]
}
