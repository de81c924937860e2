#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What QEMU can do on the host while a guest runs: whoever breaks out of the guest into it finds himself as nobody in
# particular, alone, with few system calls and no file.

load ../support/guest

setup() {
  setup_sandbox_root
  export CAISSON_HYPERVISOR=${CAISSON_HYPERVISOR:-qemu}
  [ "$CAISSON_HYPERVISOR" = qemu ] || skip "host: the machine is $CAISSON_HYPERVISOR, without a QEMU"
}
teardown() { teardown_sandbox_root; }

# start_box NAME: a container that sleeps; the process of its QEMU is in $qemu, that of caisson-vmm in $vmm.
start_box() {
  make_bundle "$1"
  set_command sleep 1000
  caisson create -b "$bundle" --pid-file "$scratch/$1.pid" "$1" </dev/null >"$scratch/out" 2>&1 || {
    echo "exit $?: $(cat "$scratch/out")"
    return 1
  }
  caisson start "$1"
  vmm=$(cat "$scratch/$1.pid")
  qemu=$(pgrep --parent "$vmm" qemu)
}

status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

@test "qemu's jail: no capability, no new privilege, a filter, in every thread" {
  start_box box
  local thread set
  for thread in /proc/"$qemu"/task/*; do
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do
      [ "$((0x$(sed -n "s/^$set:[[:space:]]*//p" "$thread/status")))" -eq 0 ]
    done
    grep -q '^NoNewPrivs:.*1$' "$thread/status"
    grep -q '^Seccomp:.*2$' "$thread/status"
  done
  [ -z "$(status_of "$qemu" Groups | tr -d ' ')" ]
}

@test "qemu's jail: namespaces of its own, in which it is alone" {
  start_box box
  local kind
  for kind in mnt pid net ipc uts cgroup; do
    [ "$(readlink "/proc/$qemu/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")" ]
    [ "$(readlink "/proc/$qemu/ns/$kind")" != "$(readlink "/proc/$vmm/ns/$kind")" ]
  done
  [ "$(awk '$1 == "NSpid:" { print $NF }' "/proc/$qemu/status")" = 1 ]
  local other
  for other in /proc/[0-9]*; do
    [ "$other" = "/proc/$qemu" ] || [ "$(readlink "$other/ns/pid")" != "$(readlink "/proc/$qemu/ns/pid")" ]
  done
  # Its session is its own: field 6 behind the name.
  [ "$(sed 's/.*) //' "/proc/$qemu/stat" | cut -d' ' -f4)" = "$qemu" ]
}

@test "qemu's jail: of the host's files it finds its libraries and firmware, read-only" {
  start_box box
  local place
  for place in etc/passwd etc/shadow home root var run tmp dev boot usr/bin/env usr/sbin proc/1/root/etc/passwd proc/version proc/sys; do
    [ ! -e "/proc/$qemu/root/$place" ] || {
      echo "finds /$place"
      return 1
    }
  done
  # Every mount is read-only, and none is the host's root.
  [ -z "$(awk '$6 !~ /(^|,)ro(,|$)/' "/proc/$qemu/mountinfo")" ]
  [ -z "$(awk '$6 !~ /(^|,)nosuid(,|$)/' "/proc/$qemu/mountinfo")" ]
  [ "$(wc -l <"/proc/$qemu/mountinfo")" -le 10 ]
}

@test "qemu's jail: nobody dumps it or looks into it, and its limits are tight" {
  start_box box
  # What is dumpable belongs to its user in /proc.
  [ "$(stat -c %u "/proc/$qemu/mem")" = 0 ]
  [ "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$qemu/limits")" = "0 0" ]
  [ "$(awk '/^Max file size/ { print $4, $5 }' "/proc/$qemu/limits")" = "0 0" ]
  [ "$(awk '/^Max open files/ { print $5 }' "/proc/$qemu/limits")" -le 256 ]
  [ "$(awk '/^Max processes/ { print $4 }' "/proc/$qemu/limits")" -le 256 ]
}

@test "qemu's jail: each sandbox's has a user of its own, who cannot reach another's" {
  start_box one
  local first=$qemu
  start_box two
  local second=$qemu user
  user=$(status_of "$first" Uid | cut -f1)
  [ "$user" -ge 1900000000 ]
  [ "$user" -le 1900065535 ]
  [ "$(status_of "$second" Uid | cut -f1)" != "$user" ]
  [ "$(status_of "$first" Gid | cut -f1)" = "$user" ]
  # As the first's user on the host itself, where both can be seen.
  local file
  for file in mem maps environ fd fdinfo root cwd exe ns/mnt; do
    # shellcheck disable=SC2016 # the inner shell expands
    run setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all --bounding-set=-all \
      sh -c 'ls -A "$1/" >/dev/null 2>&1 || head -c 1 "$1" >/dev/null' sh "/proc/$second/$file"
    [ "$status" -ne 0 ] || {
      echo "user $user opens $file of another's QEMU"
      return 1
    }
  done
  run setpriv --reuid "$user" --regid "$user" --clear-groups kill -0 "$second"
  [ "$status" -ne 0 ]
}

@test "qemu's jail: guest memory is its user's alone" {
  start_box box
  local fd user found=0
  user=$(status_of "$qemu" Uid | cut -f1)
  for fd in /proc/"$qemu"/fd/*; do
    [[ $(readlink "$fd") == /memfd:caisson-guest-memory* ]] || continue
    [ "$(stat -L -c '%a %u %g' "$fd")" = "600 $user $user" ]
    found=$((found + 1))
  done
  [ "$found" -ge 1 ]
}

@test "qemu's jail: it ends with caisson-vmm, however that dies, and its user is free again" {
  export CAISSON_QEMU_USERS=1900000000-1900000000
  start_box box
  # The only one of this range is taken.
  make_bundle other
  run caisson run -b "$bundle" other
  [ "$status" -ne 0 ]
  [[ $output == *"1900000000-1900000000 are taken"* && $output == *CAISSON_QEMU_USERS* ]]
  kill -KILL "$vmm"
  timeout 20 tail --pid="$qemu" -f /dev/null
  [ ! -e "/proc/$qemu" ]
  run caisson run -b "$bundle" other
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "qemu's jail: users that are somebody's, or no range, are refused" {
  make_bundle box
  local range
  for range in 0-10 60000-70000 5 x-y 9-8; do
    CAISSON_QEMU_USERS=$range run caisson run -b "$bundle" box
    [ "$status" -eq 1 ]
    [[ $output == *CAISSON_QEMU_USERS* ]]
  done
  # Some system user of every host.
  CAISSON_QEMU_USERS=1-999 run caisson run -b "$bundle" box
  [ "$status" -ne 0 ]
  [[ $output == */etc/*"gives ids of these to"* ]]
}
