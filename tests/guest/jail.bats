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

@test "jail: the directories it holds are its exports', its state's, and its own descriptors'" {
  local fd target
  for fd in /proc/"$vmm"/fd/*; do
    [ -d "$fd/" ] || continue
    # Names are seen from the mount's own root, since no mount is attached any more.
    target=$(readlink "$fd")
    [ "$fd/" -ef "$state_root/box" ] || [ "$fd/" -ef "$bundle/rootfs$target" ] || [ "$fd/" -ef "/proc/$vmm/fd" ] || {
      echo "holds $target"
      return 1
    }
  done
}
