#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What caisson-vmm still holds while a guest runs.

load ../support/guest

setup() {
  setup_sandbox_root
  make_bundle box
  set_command sleep 1000
  caisson create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1 || {
    echo "exit $?: $(cat "$scratch/out")"
    return 1
  }
  caisson start box
  vmm=$(cat "$scratch/pid")
}
teardown() { teardown_sandbox_root; }

status_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$vmm/status"; }

@test "jail: system calls are filtered and no privilege can be gained" {
  [ "$(status_of Seccomp)" = 2 ]
  [ "$(status_of NoNewPrivs)" = 1 ]
  local thread
  for thread in /proc/"$vmm"/task/*; do
    grep -q '^Seccomp:.*2$' "$thread/status"
  done
}

@test "jail: only a file server's capabilities are left" {
  # CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETFCAP; KILL for a QEMU of another user.
  local allowed=$((0x800000ff))
  local thread
  for thread in /proc/"$vmm"/task/*; do
    local held=$((0x$(sed -n 's/^CapPrm:[[:space:]]*//p' "$thread/status")))
    [ $((held & ~allowed)) -eq 0 ]
  done
}

@test "jail: its root is empty" {
  [ -z "$(ls -A "/proc/$vmm/root/")" ]
}

@test "jail: who joins its mount namespace finds the container's files, and blanks where the guest has its own" {
  echo here >"$bundle/rootfs/root/file"
  run nsenter --mount="/proc/$vmm/ns/mnt" /bin/busybox sh -c 'cat /root/file; ls -A /dev; echo x >/dev/file'
  [[ $output == *here* ]]
  [[ $output == *"Read-only file system"* ]]
  [ "${#lines[@]}" -eq 2 ]
}

need_fuse() { [ -c /dev/fuse ] || skip "host: it has no /dev/fuse"; }

# as_host SCRIPT: what it prints where a program of the host has joined the mount namespace.
as_host() { timeout 30 nsenter --mount="/proc/$vmm/ns/mnt" /bin/busybox sh -c "$1" 2>&1; }

@test "jail: who joins its mount namespace finds the container's processes, and can change nothing" {
  need_fuse
  caisson exec --detach --user 7:8 box sleep 2000
  run as_host 'cd /proc; for p in [0-9]*; do echo "$p $(tr "\0" " " <$p/cmdline)"; done'
  echo "$output"
  [ "$output" = $'1 sleep 1000 \n2 sleep 2000 ' ]
  run as_host 'cat /proc/1/stat; grep -e ^Pid -e ^PPid -e ^NSpid -e ^Uid -e ^Gid /proc/2/status; readlink /proc/1/ns/pid; cat /proc/stat'
  [[ ${lines[0]} =~ ^"1 (sleep) S 0 1 1 " ]]
  [ "${lines[1]}" = $'Pid:\t2' ]
  [ "${lines[2]}" = $'PPid:\t0' ]
  [ "${lines[3]}" = $'Uid:\t7\t7\t7\t7' ]
  [ "${lines[4]}" = $'Gid:\t8\t8\t8\t8' ]
  [ "${lines[5]}" = $'NSpid:\t2' ]
  [ "${lines[6]}" = "pid:[0]" ]
  [[ ${lines[7]} =~ ^"btime "[0-9]+$ ]]
  run as_host 'ls -A /proc/1; echo x >/proc/1/status; cat /proc/1/ns/pid; mkdir /proc/9; ls /proc/77'
  [ "${lines[*]:0:4}" = "cmdline ns stat status" ]
  [ "$(grep -c 'Read-only file system' <<<"$output")" -eq 2 ]
  [[ $output == *"Too many levels of symbolic links"* ]]
  [[ $output == *"/proc/77"*"No such file or directory"* ]]
}

@test "jail: who looks for processes does not wait for a machine that stands still, nor for one that has gone" {
  need_fuse
  [ "$(as_host 'head -c 9 /proc/1/stat')" = "1 (sleep)" ]
  caisson pause box
  run as_host 'cat /proc/1/stat /proc/1/status; ls /proc'
  [ "$(grep -c 'Resource temporarily unavailable' <<<"$output")" -eq 3 ]
  caisson resume box
  [ "$(as_host 'head -c 9 /proc/1/stat')" = "1 (sleep)" ]
  # A joiner outlives caisson-vmm.
  run as_host "kill -9 $vmm; ls /proc/1"
  [[ $output == *"not connected"* || $output == *"connection abort"* ]]
}

# inject NUMBER [ARGUMENT…]: a system call of caisson-vmm's, as code in it could make it.
inject() {
  [ -x "$scratch/inject" ] || gcc -O1 -o "$scratch/inject" "$repository/tests/containers/jail/inject_system_call.c"
  "$scratch/inject" "$vmm" "$@"
}
# [linux-x86_64] The numbers of the calls.
fcntl=72 kill=62 tgkill=234 openat=257 unlinkat=263 symlinkat=266 prlimit64=302

# What root acts by: names, files and their content.
on_record() { (cd "$state_root/box" && stat -c '%n %i %F %a %U' -- * && sha256sum config.json state.json); }

@test "jail: code in it cannot write what root trusts of its container" {
  local before fd name
  before=$(on_record)
  for fd in /proc/"$vmm"/fd/*; do
    [ -d "$fd/" ] || continue
    for name in {,../,../box/,"$state_root/box/"}{config.json,state.json,lock,vsock.sock,new}; do
      inject $unlinkat "${fd##*/}" "s:$name" 0
      inject $openat "${fd##*/}" "s:$name" 0x241 0600
      inject $symlinkat s:/run/docker.sock "${fd##*/}" "s:$name"
    done
  done >/dev/null
  [ "$(on_record)" = "$before" ]
  [ -e "$state_root/box/vmm/new" ]
  caisson exec box true
}

@test "jail: what code in it leaves behind is read as a stranger's, and goes with the container" {
  local outputs=$state_root/box/vmm deep
  configure '.hooks.poststop = [{"path": "/nonexistent"}]'
  echo '{"guestLost": "read through a link"}' >"$scratch/secret"
  ln -s "$scratch/secret" "$outputs/silence"
  [ "$(caisson state box | jq -r '.annotations["org.caisson.guest"]')" = null ]
  rm "$outputs/silence"
  mkfifo "$outputs/silence"
  [ "$(timeout 20 "$CAISSON" --root "$state_root" state box | jq -r '.annotations["org.caisson.guest"]')" = null ]
  kill -9 "$vmm"
  timeout 60 tail --pid="$vmm" -f /dev/null
  ln -s "$scratch/secret" "$outputs/exit.json"
  [ "$(caisson state box | jq -r '.annotations["org.caisson.ended"]')" = null ]
  rm "$outputs/exit.json"
  head -c 1M /dev/zero >"$outputs/exit.json"
  [ "$(caisson state box | jq -r '.annotations["org.caisson.ended"]')" = null ]
  deep=$(printf 'd/%.0s' {1..1500})
  mkdir -p "$outputs/$deep"
  ln -s "$scratch" "$outputs/d/link"
  caisson delete box
  [ ! -e "$state_root/box" ]
  [ -e "$scratch/secret" ]
}

@test "jail: code in it can signal nobody on the host" {
  local fd
  sleep 1000 3>&- &
  local victim=$!
  [ "$(inject $tgkill $victim $victim 9)" = -1 ]
  [ "$(inject $prlimit64 $victim 7 0 0)" = -1 ]
  [ "$(inject $tgkill 1 1 0)" = 0 ]
  fd=$(cd "/proc/$vmm/fd" && for fd in *; do [ ! -S "$fd" ] || echo "$fd"; done | head -n 1)
  # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY; F_SETFL with O_ASYNC, and without
  for command in 8 10 15 1024 1026; do [ "$(inject $fcntl "$fd" $command $victim)" = -1 ]; done
  [ "$(inject $fcntl "$fd" 4 0x2800)" = -1 ]
  [ "$(inject $fcntl "$fd" 4 0x800)" = 0 ]
  caisson exec box true
  # The attempt is its end, by the filter, and nobody else's.
  inject $kill $victim 9
  timeout 60 tail --pid="$vmm" -f /dev/null
  kill $victim
}

@test "jail: it is the first process of a pid namespace, and its machine ends with it" {
  [ "$(readlink "/proc/$vmm/ns/pid")" != "$(readlink /proc/self/ns/pid)" ]
  [[ $(status_of NSpid) == *$'\t1' ]]
  local children
  children=$(cat "/proc/$vmm/task/$vmm/children")
  kill -9 "$vmm"
  timeout 60 tail --pid="$vmm" -f /dev/null
  for child in $children; do
    [ ! -e "/proc/$child" ] || grep -q '^State:.*zombie' "/proc/$child/status"
  done
}

@test "jail: the directories it holds are its exports', its outputs', and its own descriptors'" {
  local fd target
  for fd in /proc/"$vmm"/fd/*; do
    [ -d "$fd/" ] || continue
    # Names are seen from the mount's own root, since no mount is attached any more.
    target=$(readlink "$fd")
    [ "$fd/" -ef "$state_root/box/vmm" ] || [ "$fd/" -ef "$bundle/rootfs$target" ] || [ "$fd/" -ef "/proc/$vmm/fd" ] || {
      echo "holds $target"
      return 1
    }
  done
}

@test "jail: no directory it holds leads up to the host" {
  local fd place found=0
  for fd in /proc/"$vmm"/fd/*; do
    [ -d "$fd/" ] || continue
    place=$fd/../../../../../../../../../..
    [ "$place" -ef "$state_root/box/vmm" ] || [ "$place" -ef "$bundle/rootfs" ] || [ "$place" -ef "/proc/$vmm/fd" ] || {
      echo "$(readlink "$fd") leads to: $(ls -A "$place")"
      return 1
    }
    found=$((found + 1))
  done
  [ "$found" -ge 3 ]
}

@test "jail: of its cgroup it can write the memory limit and swap's, and read no more than it needs, for good" {
  local fd name flags found=0
  for fd in /proc/"$vmm"/fd/*; do
    [[ $(stat -f -L -c %T "$fd") == cgroup* ]] || continue
    name=$(basename "$(readlink "$fd")")
    flags=$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$vmm/fdinfo/${fd##*/}")
    case $name in
      memory.max | memory.swap.max | memory.limit_in_bytes | memory.swappiness) ;;
      cgroup.procs | memory.oom_control | memory.usage_in_bytes)
        [ $((flags & 3)) -eq 0 ]
        # Opened again, as by an intruder through /proc/self/fd.
        run sh -c ': >>"$1"' sh "$fd"
        [[ $output == *"Read-only file system"* ]]
        ;;
      *)
        echo "holds $name"
        return 1
        ;;
    esac
    found=$((found + 1))
  done
  [ "$found" -ge 2 ]
}
