#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# CPU time saved up for a later period: in the guest's cgroup and in the host's, at create and by update.

load ../support/guest

bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# burst: what the guest allows.
burst() { caisson exec box cat /sys/fs/cgroup/cpu.max.burst; }
# burst_on_host: what the container's cgroup on the host allows, by either version's file.
burst_on_host() {
  local directory
  for directory in $(cgroups_of box); do
    cat "$directory"/cpu.{max.burst,cfs_burst_us} 2>/dev/null || true
  done
}

@test "cpu burst: is the guest's and the host's, and goes up and down together with the quota" {
  make_bundle box ".linux.cgroupsPath = \"/caisson-burst.$unique\"" '.linux.resources.cpu = {quota: 50000, period: 100000, burst: 40000}'
  set_command sleep 1000
  caisson run --detach -b "$bundle" box </dev/null >"$scratch/out" 2>&1 || { cat "$scratch/out"; false; }
  [ "$(burst)" = 40000 ]
  [ "$(burst_on_host)" = 40000 ]
  # The kernel keeps the burst within the quota: neither order of the two is right for both ways.
  caisson update --cpu-quota 20000 --cpu-burst 10000 box
  [ "$(burst)" = 10000 ]
  [ "$(burst_on_host)" = 10000 ]
  [ "$(caisson exec box cat /sys/fs/cgroup/cpu.max)" = "20000 100000" ]
  caisson update --cpu-quota 90000 --cpu-burst 80000 box
  [ "$(burst)" = 80000 ]
  [ "$(burst_on_host)" = 80000 ]
  caisson update --cpu-burst 0 box
  [ "$(burst)" = 0 ]
  [ "$(burst_on_host)" = 0 ]
  echo '{"cpu": {"burst": 7000}}' | caisson update -r - box
  [ "$(burst)" = 7000 ]
}

@test "cpu burst: values that cannot be are refused by the field's name, and change nothing" {
  make_bundle box ".linux.cgroupsPath = \"/caisson-burst.$unique\"" '.linux.resources.cpu = {quota: 50000, period: 100000, burst: 50001}'
  set_command sleep 1000
  run caisson run -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $output == *"linux.resources.cpu.burst: 50001 is more than linux.resources.cpu.quota, 50000"* ]]
  configure '.linux.resources.cpu.burst = -1'
  run caisson run -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $output == *linux.resources.cpu.burst* ]]
  configure '.linux.resources.cpu.burst = 1000'
  caisson run --detach -b "$bundle" box </dev/null >"$scratch/out" 2>&1 || { cat "$scratch/out"; false; }
  local wrong
  for wrong in 60000 18446744073709551615 -5 many; do
    run ! caisson update --cpu-burst "$wrong" box
    [[ $output == *burst* ]]
  done
  [ "$(burst)" = 1000 ]
}
