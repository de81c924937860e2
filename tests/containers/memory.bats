#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A container without a memory limit has what it needs, as far as the host can give it.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# unlimited COMMAND…: runs it in a container without a limit, whose log is $scratch/log.
unlimited() {
  make_bundle box 'del(.linux.resources.memory)' "${filters[@]}"
  set_command "$@"
  run caisson --log "$scratch/log" run -b "$bundle" box </dev/null
  echo "exit code $status: $output"
  cat "$scratch/log"
}
filters=()

@test "memory: a process without a limit gets more than the guest began with" {
  unlimited dd if=/dev/zero of=/dev/null bs=700M count=1
  [ "$status" -eq 0 ]
}

@test "memory: a tmpfs without a limit, with a size and without" {
  filters=('.mounts |= map(if .destination == "/dev/shm" then .options = ["size=600m"] else . end)'
    '.mounts += [{destination: "/scratch", type: "tmpfs", source: "tmpfs"}]')
  unlimited sh -c 'dd if=/dev/zero of=/dev/shm/file bs=1M count=512 && wc -c </dev/shm/file && rm /dev/shm/file && dd if=/dev/zero of=/scratch/file bs=1M count=400 && wc -c </scratch/file'
  [ "$status" -eq 0 ]
  [[ $output == *536870912*419430400* ]]
}

@test "memory: what is only cached does not make the guest grow" {
  # More than the guest began with has room for.
  head -c 260M /dev/zero >"$scratch/large"
  filters=(".mounts += [{destination: \"/large\", type: \"bind\", source: \"$scratch/large\", options: [\"bind\", \"ro\"]}]")
  unlimited sh -c 'cat /large >/dev/null; awk "/^MemTotal/ { print int(\$2 / 1024) }" /proc/meminfo'
  [ "$status" -eq 0 ]
  [ "$output" -lt 256 ]
}

@test "memory: at the end of the machine the log says how large it is, and a limit is not blamed" {
  filters=('.annotations["org.caisson.max-memory"] = "512M"')
  unlimited dd if=/dev/zero of=/dev/null bs=700M count=1
  [ "$status" -eq 137 ]
  grep 'no more memory than 512 MiB.*org.caisson.max-memory' "$scratch/log"
  run grep 'reached its memory limit' "$scratch/log"
  [ "$status" -ne 0 ]
}

@test "memory: at a limit the log says so" {
  filters=('.linux.resources.memory = {limit: 67108864}')
  unlimited dd if=/dev/zero of=/dev/null bs=200M count=1
  [ "$status" -eq 137 ]
  grep 'reached its memory limit' "$scratch/log"
}

@test "memory: a limit given later holds, on the guest and on the host" {
  make_bundle box 'del(.linux.resources.memory)'
  set_command sleep 1000
  caisson run --detach -b "$bundle" box </dev/null >/dev/null 2>&1
  caisson exec box dd if=/dev/zero of=/dev/null bs=600M count=1
  caisson update --memory 100M box
  run caisson exec box dd if=/dev/zero of=/dev/null bs=200M count=1
  [ "$status" -eq 137 ]
  caisson exec box dd if=/dev/zero of=/dev/null bs=60M count=1
}

@test "memory: memory.high of the bundle is its own, and such a container does not grow" {
  filters=('.linux.resources.unified = {"memory.high": "100000000"}')
  unlimited sh -c 'cat /sys/fs/cgroup/memory.high'
  [ "$output" = 99999744 ]
}
