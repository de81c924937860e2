#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `update` beyond what the guest booted with: memory and CPUs of which its machine has more.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() {
  setup_sandbox_root
  cgroup=caisson-test-growth.$unique
  memory=$(memory_hierarchy)/$cgroup
}
teardown() {
  local status=0
  teardown_sandbox_root || status=$?
  # One that a test made outlives its last process by a moment.
  [ ! -d "$memory" ] || timeout 10 sh -c 'until rmdir "$1"; do sleep 0.1; done' sh "$memory" || status=1
  return "$status"
}

# small [jq filter…]: a running container with a limit of 32 MiB and one CPU.
small() {
  make_bundle box ".linux.cgroupsPath = \"/$cgroup\"" '.linux.resources = {memory: {limit: 33554432}, cpu: {quota: 50000, period: 100000}}' "$@"
  set_command sleep 1000
  caisson run --detach -b "$bundle" box </dev/null >/dev/null 2>&1
}

inside() { caisson exec box "$@"; }
memory_total() { inside awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo; }
# fill MIB: whether a process gets that much memory and writes it all.
fill() { inside dd if=/dev/zero of=/dev/null bs="${1}M" count=1; }
host_limit() { cat "$memory/memory.limit_in_bytes" 2>/dev/null || cat "$memory/memory.max"; }

@test "growth: a larger memory limit gives the guest the memory for it, and the host's cgroup" {
  small
  local before after host
  before=$(memory_total)
  host=$(host_limit)
  run fill 100
  [ "$status" -eq 137 ]
  caisson update --memory 300M box
  after=$(memory_total)
  [ "$before" -lt 100 ]
  [ "$after" -gt 300 ]
  [ "$(host_limit)" -gt $((host + 200 * 1024 * 1024)) ]
  fill 250
  # More yet, on top of what was added.
  caisson update --memory 500M box
  [ "$(memory_total)" -gt 500 ]
  fill 450
  # Less again: a limit, not a loss.
  caisson update --memory 64M box
  [ "$(memory_total)" -gt 500 ]
  run fill 100
  [ "$status" -eq 137 ]
}

@test "growth: a cgroup that was there before grows with it, and stays" {
  local host
  mkdir "$memory"
  small
  host=$(host_limit)
  caisson update --memory 300M box
  [ "$(host_limit)" -gt $((host + 200 * 1024 * 1024)) ]
  caisson delete --force box
  [ -d "$memory" ]
}

@test "growth: a larger quota starts CPUs where the machine was made with more" {
  small '.annotations["org.caisson.max-cpus"] = "3"'
  [ "$(inside nproc)" -eq 1 ]
  caisson update --cpu-period 100000 --cpu-quota 150000 box
  [ "$(inside nproc)" -eq 2 ]
  # By the period in force.
  caisson update --cpu-quota 300000 box
  [ "$(inside nproc)" -eq 3 ]
  inside sh -c 'taskset -p 4 $$ && head -c 1M /dev/zero | md5sum'
  caisson update --cpu-quota 50000 box
  [ "$(inside nproc)" -eq 3 ]
}

@test "growth: beyond what the machine was made for it is refused, and nothing has changed" {
  small '.annotations["org.caisson.max-memory"] = "256M"'
  local before
  before=$(memory_total)
  run caisson update --memory 500M box
  [ "$status" -ne 0 ]
  [[ $output == *" MiB, it was made for at most 256 MiB; recreate the container with a larger limit or the annotation org.caisson.max-memory"* ]]
  run caisson update --cpu-quota 200001 box
  [ "$status" -ne 0 ]
  [[ $output == *"it is the time of 3 CPUs, the VM was made for at most 1"*"org.caisson.max-cpus"* ]]
  [ "$(memory_total)" -eq "$before" ]
  [ "$(inside cat /sys/fs/cgroup/memory.max)" -eq 33554432 ]
}

@test "growth: the guest is asked again after an update that was killed" {
  small
  local round
  for round in 1 2 3 4 5 6; do
    # At no moment in particular; the last ones may be done.
    timeout --signal KILL "0.0$round" "$CAISSON" --root "$state_root" update --memory 300M box || true
  done
  caisson update --memory 300M box
  [ "$(memory_total)" -gt 300 ]
  [ "$(memory_total)" -lt 600 ]
  fill 250
}

@test "growth: a paused container grows too, and stays paused" {
  small
  caisson pause box
  caisson update --memory 200M box
  [ "$(caisson state box | jq -r .status)" = paused ]
  caisson resume box
  [ "$(memory_total)" -gt 200 ]
}

@test "growth: limits by the names of cgroup v2 size the guest and the host's cgroup as their fields do" {
  small '.linux.resources = {unified: {"memory.max": "200M", "cpu.max": "150000 100000", "pids.max": "50"}} | .annotations["org.caisson.max-memory"] = "1G"'
  [ "$(memory_total)" -gt 200 ]
  [ "$(inside nproc)" -eq 2 ]
  [ "$(inside cat /sys/fs/cgroup/pids.max)" -eq 50 ]
  [ "$(inside cat /sys/fs/cgroup/cpu.max)" = "150000 100000" ]
  [ "$(host_limit)" -gt $((200 << 20)) ]
  [ "$(host_limit)" -lt $((1000 << 20)) ]
  echo '{"unified": {"memory.max": "600M"}}' | caisson update --resources - box
  [ "$(memory_total)" -gt 600 ]
  [ "$(inside cat /sys/fs/cgroup/memory.max)" -eq $((600 << 20)) ]
  [ "$(host_limit)" -gt $((600 << 20)) ]
}
