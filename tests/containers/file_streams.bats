#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Streams of a process that are files of the host: its reads and writes are the host's, with what fails there, and go on where
# others are (docs/launch.md, "The streams of a process").

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() {
  [ -z "${loop:-}" ] || losetup -d "$loop"
  ! mountpoint -q "$scratch/full" || umount -l "$scratch/full"
  teardown_sandbox_root
}

create_sleeper() {
  make_bundle box
  set_command sleep 1000
  caisson run --detach -b "$bundle" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1
}

small_disk() {
  mkdir -p "$scratch/full"
  mount -t tmpfs -o size=64k tmpfs "$scratch/full"
}

# What a container does to a small disk: four writes of 40000 bytes, a line a write that failed, then one when it hears that there
# is room. "$1" is where it tells.
# shellcheck disable=SC2016 # the container expands
fill='for i in 1 2 3 4; do dd if=/dev/zero bs=40000 count=1 2>/root/said || grep -o "No space left.*" /root/said >>/root/failed; done
  echo filled >>/root/failed; read -r room; echo after'

# fill_and_make_room COMMAND…: runs it with $fill over a small disk, with what the caller redirects to it.
fill_and_make_room() {
  local room failed=$bundle/rootfs/root/failed
  : >"$failed"
  mkfifo "$scratch/room"
  "$@" <"$scratch/room" &
  local job=$!
  exec {room}>"$scratch/room"
  timeout 100 tail --follow --lines=+1 "$failed" | grep -q -m 1 filled
  [ "$(cat "$failed")" = "$(printf 'No space left on device\n%.0s' 2 3 4)
filled" ]
  mount -o remount,size=1m "$scratch/full"
  echo room >&"$room"
  exec {room}>&-
  wait "$job"
  rm "$scratch/room"
}

# expect_filled FILE: all there was room for, and what was written when there was again.
expect_filled() {
  [ "$(stat -c %s "$1")" -eq $((65536 + 6)) ]
  [ "$(tail -c 6 "$1")" = after ]
  rm "$1"
  mount -o remount,size=64k "$scratch/full"
}

@test "file streams: a full disk is ENOSPC for each write of a container, and it goes on when there is room" {
  make_bundle box
  small_disk
  set_command sh -c "$fill"
  fill_and_make_room caisson run -b "$bundle" box >"$scratch/full/out" 2>"$scratch/err"
  expect_filled "$scratch/full/out"
  [ ! -s "$scratch/err" ]
  # Output and error are one file.
  fill_and_make_room caisson run -b "$bundle" box >"$scratch/full/out" 2>&1
  expect_filled "$scratch/full/out"
  # Standard error alone.
  set_command sh -c "{ $fill; } >&2"
  fill_and_make_room caisson run -b "$bundle" box 2>"$scratch/full/out" >"$scratch/out"
  expect_filled "$scratch/full/out"
  umount "$scratch/full"
}

@test "file streams: a full disk is ENOSPC for each write of an exec, and it goes on when there is room" {
  create_sleeper
  small_disk
  fill_and_make_room caisson exec box sh -c "$fill" >"$scratch/full/out" 2>"$scratch/err"
  expect_filled "$scratch/full/out"
  [ ! -s "$scratch/err" ]
  fill_and_make_room caisson exec box sh -c "{ $fill; } >&2" 2>"$scratch/full/out" >"$scratch/out"
  expect_filled "$scratch/full/out"
  umount "$scratch/full"
  caisson delete --force box
}

@test "file streams: /dev/full is one, and the guest's own" {
  make_bundle box
  # shellcheck disable=SC2016 # the container expands
  set_command sh -c 'for i in 1 2 3; do dd if=/dev/zero bs=1 count=1 2>/root/said || grep -o "No space left.*" /root/said >&2; done
    exec 9>&1; stat -Lc %t:%T /dev/fd/0 /dev/fd/9 >&2; head -c 2 | od -An -tx1 >&2'
  caisson run -b "$bundle" box </dev/zero >/dev/full 2>"$scratch/err"
  cat "$scratch/err"
  [ "$(cat "$scratch/err")" = "No space left on device
No space left on device
No space left on device
1:5
1:7
 00 00" ]
}

@test "file streams: who writes to the file before and after loses nothing, nor is anything of it lost" {
  make_bundle box
  set_command sh -c 'echo one; echo two >&2; echo three'
  {
    echo before
    caisson run -b "$bundle" box
    echo after
  } >"$scratch/log" 2>&1
  [ "$(paste -sd' ' "$scratch/log")" = "before one two three after" ]
  {
    caisson run -b "$bundle" box 2>/dev/null
    echo after
  } >>"$scratch/log"
  [ "$(paste -sd' ' "$scratch/log")" = "before one two three after one three after" ]
  # Written by others meanwhile, too.
  set_command sh -c 'echo one; read -r; echo three'
  mkfifo "$scratch/ask"
  : >"$scratch/log"
  caisson run -b "$bundle" box <"$scratch/ask" >>"$scratch/log" &
  local job=$!
  exec {ask}>"$scratch/ask"
  timeout 60 tail --follow --lines=+1 "$scratch/log" | grep -q -m 1 one
  echo two >>"$scratch/log"
  echo >&"$ask"
  exec {ask}>&-
  wait "$job"
  [ "$(paste -sd' ' "$scratch/log")" = "one two three" ]
}

@test "file streams: of a file as standard input no more is read than the process reads" {
  make_bundle box
  seq 1 100000 >"$scratch/in"
  # shellcheck disable=SC2016 # the container expands
  set_command sh -c 'read -r first; read -r second; echo "$first $second"'
  {
    caisson run -b "$bundle" box
    head -n 1
  } <"$scratch/in" >"$scratch/out"
  [ "$(paste -sd' ' "$scratch/out")" = "1 2 3" ]
  set_command sleep 1000
  caisson run --detach -b "$bundle" box </dev/null >/dev/null 2>&1
  {
    caisson exec box sh -c 'dd bs=6 count=1 >/dev/null 2>/dev/null; cat' | cmp - <(seq 4 100000)
    [ "$(wc -c)" -eq 0 ]
  } <"$scratch/in"
  {
    caisson exec box dd bs=4 count=1 2>/dev/null
    head -n 1
  } <"$scratch/in" >"$scratch/out"
  [ "$(cat "$scratch/out")" = "1
2
3" ]
  caisson delete --force box
}

@test "file streams: /dev/stdout and /dev/stderr can be opened again, by any user, and truncated" {
  make_bundle box '.process.user = {"uid": 1000, "gid": 1000}'
  set_command sh -c 'echo one >>/dev/stdout; echo two >>/dev/stderr; echo three >/proc/self/fd/1'
  caisson run -b "$bundle" box </dev/null >"$scratch/log" 2>"$scratch/err"
  [ "$(cat "$scratch/log")" = three ]
  [ "$(cat "$scratch/err")" = two ]
  set_command sh -c 'echo one; echo two >/dev/stdout; echo three'
  caisson run -b "$bundle" box </dev/null >"$scratch/log" 2>&1
  [ "$(paste -sd' ' "$scratch/log")" = "two three" ]
  # What is open for one of them is not for the other.
  set_command sh -c 'cat /dev/stdout; echo x >>/dev/stdin; echo y <&0 >&0'
  caisson run -b "$bundle" box <"$bundle/config.json" 2>"$scratch/err" >"$scratch/log" && return 1
  [ ! -s "$scratch/log" ]
  [ "$(grep -c 'Permission denied' "$scratch/err")" -eq 2 ]
  jq -e . "$bundle/config.json" >/dev/null
}

@test "file streams: the guest does nothing to the file but read, write and truncate it" {
  make_bundle box
  echo kept >"$scratch/log"
  chmod 600 "$scratch/log"
  chown 7:8 "$scratch/log"
  # shellcheck disable=SC2016 # the container expands
  set_command sh -c 'for call in "chmod 777" "chown 0:0" "touch -d 2001-01-01"; do $call /proc/self/fd/1 2>>/root/said; done
    ls /proc/self/fd/1/..; exec 9>&1; stat -Lc "%A %s %u" /dev/fd/9 >&2'
  caisson run -b "$bundle" box </dev/null >>"$scratch/log" 2>"$scratch/err"
  [ "$(grep -c 'not permitted' "$bundle/rootfs/root/said")" -eq 3 ]
  [ "$(tail -n 1 "$scratch/err")" = "-rw-rw-rw- 5 0" ]
  [ "$(stat -c '%a %u %g' "$scratch/log")" = "600 7 8" ]
  [ "$(stat -c %y "$scratch/log" | cut -c 1-4)" != 2001 ]
}

# Programs that find a regular file rely on its size and on lseek(2).
@test "file streams: a file as standard input can be sought in, and its position is the caller's" {
  seq 1 1000 >"$scratch/in"
  cp "$scratch/in" "$scratch/same"
  caisson 'do' --ro "$scratch" -- bash -c "diff - '$scratch/same' && echo same" <"$scratch/in" >"$scratch/out"
  caisson 'do' -- wc -c <"$scratch/in" >>"$scratch/out"
  caisson 'do' -- head -n -999 <"$scratch/in" >>"$scratch/out"
  caisson 'do' -- tail -n 1 <"$scratch/in" >>"$scratch/out"
  {
    # bash reads ahead where it can go back.
    # shellcheck disable=SC2016 # the container expands
    caisson 'do' -- bash -c 'read -r first; read -r second; echo "$first $second"'
    head -n 1
  } <"$scratch/in" >>"$scratch/out"
  [ "$(paste -sd: "$scratch/out")" = "same:$(wc -c <"$scratch/in"):1:1000:1 2:3" ]
}

# What reads without read(2) would read more, or from where no position is.
@test "file streams: splice and sendfile read what comes next, and what wants a place in the file otherwise is refused" {
  cat >"$scratch/odd.py" <<'PYTHON'
import errno, mmap, os, sys
def refused(number, call):
    try:
        call()
    except OSError as error:
        assert error.errno == number, error
        return
    raise AssertionError(call)
os.posix_fadvise(0, 0, 0, os.POSIX_FADV_WILLNEED)
assert os.read(0, 3) == b"abc"
refused(errno.ENODEV, lambda: mmap.mmap(0, 5, mmap.MAP_PRIVATE, mmap.PROT_READ))
refused(errno.ENODEV, lambda: mmap.mmap(0, 5, mmap.MAP_SHARED, mmap.PROT_READ))
assert os.lseek(0, 0, os.SEEK_CUR) == 3
assert os.lseek(0, 0, os.SEEK_END) == 11
assert os.lseek(0, 3, os.SEEK_SET) == 3
refused(errno.ESPIPE, lambda: os.pread(0, 1, 0))
refused(errno.EINVAL, lambda: os.copy_file_range(0, 1, 10))
refused(errno.ESPIPE, lambda: os.posix_fallocate(1, 0, 10))
refused(errno.ENODATA, lambda: os.getxattr(0, "user.a"))
assert os.sendfile(1, 0, None, 2) == 2
reader, writer = os.pipe()
assert os.splice(0, writer, 2) == 2
os.write(1, os.read(reader, 4))
assert os.read(0, 100) == b"hij\n"
assert os.read(0, 100) == b""
PYTHON
  echo abcdefghij >"$scratch/in"
  caisson 'do' --ro "$scratch" -- python3 "$scratch/odd.py" <"$scratch/in" >"$scratch/out"
  [ "$(cat "$scratch/out")" = defg ]
}

# held FILE: whether caisson-vmm has it open.
held() { find "/proc/$(cat "$scratch/pid")/fd" -lname "$1" | grep -q .; }

@test "file streams: those of an exec are held until its processes have closed them, and no longer" {
  create_sleeper
  mkfifo "$bundle/rootfs/root"/{go,end}
  caisson exec --detach --pid-file "$scratch/exec.pid" box \
    sh -c 'exec 9>/root/end; echo begun; read -r go </root/go; echo done' </dev/null >"$scratch/log" 2>&1
  caisson exec box cat /root/end </dev/null >"$scratch/end" &
  local waits=$!
  timeout 60 tail --follow --lines=+1 "$scratch/log" | grep -q -m 1 begun
  held "$scratch/log"
  # The relay is not needed for it.
  kill -KILL "$(cat "$scratch/exec.pid")"
  caisson exec box sh -c 'echo go >/root/go' </dev/null >/dev/null
  wait "$waits"
  [ "$(paste -sd' ' "$scratch/log")" = "begun done" ]
  # One that failed. Whoever comes later comes after what they have closed.
  caisson exec box no-such-program </dev/null >"$scratch/failed" 2>/dev/null && return 1
  caisson exec box true </dev/null >"$scratch/later"
  run ! held "$scratch/log"
  run ! held "$scratch/failed"
  run ! held "$scratch/end"
  # One that is given and never opened goes with its giver, and so does what comes with other words.
  python3 - "$state_root/box/control.sock" "$(cat "$scratch/pid")" "$scratch/given" <<'PYTHON'
import os, socket, sys
path, pid, given = sys.argv[1:]
def held():
    return sum(os.readlink(f"/proc/{pid}/fd/{fd}") == given for fd in os.listdir(f"/proc/{pid}/fd"))
def ask(words, count):
    client = socket.socket(socket.AF_UNIX)
    os.chdir(os.path.dirname(path))
    client.connect(os.path.basename(path))
    with open(given, "w") as file:
        socket.send_fds(client, [words], [file.fileno()] * count)
    answer = client.recv(4096)
    there = held()
    client.shutdown(socket.SHUT_WR)
    assert client.recv(4096) == b""
    assert held() == 0
    return b'"ok":true' in answer, there
assert ask(b'{"verb":"serve","names":["a","b"]}\n', 2) == (True, 2)
assert ask(b'{"verb":"serve","names":["a","a"]}\n', 2) == (False, 0)
assert ask(b'{"verb":"serve","names":["rootfs"]}\n', 1) == (False, 0)
assert ask(b'{"verb":"serve","names":["../a"]}\n', 1) == (False, 0)
assert ask(b'{"verb":"serve","names":["a"]}\n', 2) == (False, 0)
assert ask(b'{"verb":"serve","names":"a"}\n', 1) == (False, 0)
assert ask(b'{"verb":"counters"}\n', 3) == (True, 0)
PYTHON
  caisson delete --force box
}

@test "file streams: a file that the process inherits is read and written, too" {
  make_bundle box
  printf 'abcdef' >"$scratch/both"
  set_command sh -c 'dd bs=2 count=1 <&5; printf XY >&5; dd bs=1 count=1 <&5 >&2'
  caisson run --preserve-fds 3 -b "$bundle" box 3>&- 4>&- 5<>"$scratch/both" >"$scratch/out" 2>"$scratch/err" </dev/null
  [ "$(cat "$scratch/both")" = abXYef ]
  [ "$(cat "$scratch/out")" = ab ]
  grep -q '^e' "$scratch/err"
}

# Of some files a reader waits for what is to come; that is nobody else's business.
@test "file streams: a file whose reader waits keeps neither signals nor orders from the container" {
  make_bundle box
  set_command sh -c 'exec sleep 1000'
  exec {log}</proc/kmsg
  caisson run --detach -b "$bundle" --pid-file "$scratch/pid" box <&"$log" >/dev/null 2>&1
  exec {log}<&-
  caisson exec box true </dev/null >/dev/null
  caisson pause box
  caisson resume box
  caisson kill box KILL
  tail --pid="$(cat "$scratch/pid")" -f /dev/null
  caisson delete box
}

@test "file streams: a block device can be opened anew, and is not truncated" {
  truncate -s 64k "$scratch/image"
  loop=$(losetup --show -f "$scratch/image")
  make_bundle box
  set_command sh -c 'echo first; echo second >/dev/stdout'
  caisson run -b "$bundle" box </dev/null >"$loop"
  [ "$(head -n 1 "$loop")" = second ]
  [ "$(stat -c %s "$scratch/image")" -eq 65536 ]
}
