#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --systemd-cgroup: the cgroup is a scope of systemd, which is told of the limits. One systemd for each test.

load ../support/guest
load ../support/systemd
bats_require_minimum_version 1.5.0

setup() {
  setup_sandbox_root
  start_systemd "$scratch/systemd.log"
}
teardown() {
  local status=0
  in_systemd bash -c 'for id in $(ls -A "$1"); do "$0" --root "$1" delete --force "$id"; done' "$CAISSON" "$state_root"
  stop_systemd
  teardown_sandbox_root || status=$?
  return "$status"
}

caisson() { in_systemd "$CAISSON" --root "$state_root" --systemd-cgroup "$@"; }

# property NAME: of the container's scope.
property() { in_systemd systemctl show --property "$1" --value test-box.scope; }

# run_sleeper [jq filter…]
run_sleeper() {
  make_bundle box '.linux.cgroupsPath = "system.slice:test:box"' "$@"
  set_command sleep 1000
  caisson run --detach -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1 || {
    cat "$scratch/out"
    return 1
  }
}

@test "systemd: the machine is in a scope of its own in every hierarchy, and leaves none behind" {
  run_sleeper
  [ "$(property ActiveState)" = active ]
  [ "$(property Slice)" = system.slice ]
  [ "$(property Delegate)" = yes ]
  local cgroups scope=/system.slice/test-box.scope
  cgroups=$(in_systemd cat "/proc/$(cat "$scratch/pid")/cgroup")
  echo "$cgroups"
  [ "$(property ControlGroup)" = "$scope" ]
  grep "^0::$scope$" <<<"$cgroups"
  ! grep -q :name=systemd: <<<"$cgroups" || grep ":name=systemd:$scope$" <<<"$cgroups"
  ! grep -q :memory: <<<"$cgroups" || grep ":memory:$scope$" <<<"$cgroups"
  # QEMU, where there is one, is in it too.
  in_systemd pgrep --parent "$(cat "$scratch/pid")" | while read -r child; do
    [ "$(in_systemd cat "/proc/$child/cgroup")" = "$cgroups" ]
  done
  caisson delete --force box
  [ "$(property ActiveState)" = inactive ]
  in_systemd bash -c '! find /sys/fs/cgroup -name test-box.scope | grep .'
}

@test "systemd: limits are the scope's properties, in the cgroup, and change with update" {
  run_sleeper '.linux.resources = {memory: {limit: 100000000}, cpu: {quota: 50000, period: 100000, cpus: "0"}}'
  local limit
  limit=$(property MemoryMax)
  [ "$limit" != infinity ] || limit=$(property MemoryLimit)
  [ "$limit" -gt 100000000 ] && [ "$limit" -lt 1000000000 ]
  [ "$(property CPUQuotaPerSecUSec)" = 500ms ]
  [ "$(property AllowedCPUs)" = 0 ]
  in_systemd bash -c 'cd /sys/fs/cgroup; cat {.,memory}/system.slice/test-box.scope/memory.{max,limit_in_bytes} 2>/dev/null' |
    awk -v limit="$limit" '{ exit limit - $1 > 4096 || $1 > limit }'
  caisson update --cpu-quota 75000 box
  [ "$(property CPUQuotaPerSecUSec)" = 750ms ]
  in_systemd bash -c 'cd /sys/fs/cgroup; cat {.,cpu}/system.slice/test-box.scope/cpu.{max,cfs_quota_us} 2>/dev/null' |
    grep '^75000'
  # What systemd knows survives its reload.
  in_systemd systemctl daemon-reload
  in_systemd bash -c 'cd /sys/fs/cgroup; cat {.,cpu}/system.slice/test-box.scope/cpu.{max,cfs_quota_us} 2>/dev/null' |
    grep '^75000'
}

@test "systemd: a scope that exists is refused and left alone, another form of the path too" {
  run_sleeper
  run -1 caisson run -b "$bundle" other
  echo "$output"
  [[ $output == *"StartTransientUnit"*"test-box.scope"* ]]
  [ "$(caisson state box | jq -r .status)" = running ]
  [ "$(property ActiveState)" = active ]
  configure '.linux.cgroupsPath = "/a/path"'
  run -1 caisson run -b "$bundle" other
  [[ $output == *'linux.cgroupsPath: expected "slice:prefix:name" with --systemd-cgroup, got "/a/path"'* ]]
  [ "$(caisson list -q)" = box ]
}

@test "systemd: a container whose scope is stopped, or whose machine is killed, can be deleted" {
  run_sleeper
  in_systemd systemctl stop test-box.scope
  [ "$(caisson state box | jq -r .status)" = stopped ]
  caisson delete box
  rm -r "$bundle"
  run_sleeper
  in_systemd kill -KILL "$(cat "$scratch/pid")"
  caisson delete box
  [ "$(property ActiveState)" = inactive ]
}

@test "systemd: an OOM kill in the guest is one in the scope, and leaves no failed unit" {
  make_bundle box '.linux.cgroupsPath = "system.slice:test:box"' '.linux.resources.memory = {limit: 67108864, swap: 67108864}'
  set_command dd if=/dev/zero of=/dev/null bs=200M count=1
  run -137 caisson run --keep -b "$bundle" box
  [ "$(caisson state box | jq -r '.annotations["org.caisson.ended"]')" = "out of memory" ]
  caisson delete box
  [ "$(property ActiveState)" = inactive ]
  # The scope has gone; in cgroup v2 what it counted is its slice's too.
  in_systemd bash -c '[ ! -e "$1" ] || grep -x "oom_kill 1" "$1"' sh /sys/fs/cgroup/system.slice/memory.events
}

@test "systemd: a path is made up where none is given, and without a systemd it says what to do" {
  make_bundle box
  caisson run -b "$bundle" box
  run -1 "$CAISSON" --root "$state_root" --systemd-cgroup run -b "$bundle" box
  echo "$output"
  [[ $output == *"connect to systemd at /run/systemd/private"*"cgroupfs manager"* ]]
}
