#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the host's cgroup counts when a container ends by its guest's OOM killer: what engines watch.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() {
  setup_sandbox_root
  cgroup=caisson-test-oom.$unique
  memory=$(memory_hierarchy)/$cgroup
}
teardown() {
  local status=0 point
  [ -z "${sleeper:-}" ] || kill "$sleeper"
  teardown_sandbox_root || status=$?
  for point in /sys/fs/cgroup/{,*/}"$cgroup"; do
    [ ! -d "$point" ] || timeout 10 sh -c 'until rmdir "$1"; do sleep 0.1; done' sh "$point" || status=1
  done
  return "$status"
}

# greedy [jq filter…]: a bundle whose process takes more memory than it may have.
greedy() {
  make_bundle box ".linux.cgroupsPath = \"/$cgroup\"" '.linux.resources.memory = {limit: 67108864, swap: 67108864}' "$@"
  set_command dd if=/dev/zero of=/dev/null bs=200M count=1
}

# launch: the container in the background; its end is waited for.
launch() {
  caisson --log "$scratch/log" run --detach -b "$bundle" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1 || {
    cat "$scratch/log"
    return 1
  }
  timeout 250 tail --pid="$(cat "$scratch/pid")" -f /dev/null
}

counted() { cat "$memory"/memory.{events,oom_control} 2>/dev/null | sed -n 's/^oom_kill //p'; }
ended() { caisson state box | jq -r '.status, .annotations["org.caisson.ended"]' | paste -sd' '; }

@test "oom: a container killed by its guest's OOM killer is one OOM kill in its cgroup of the host" {
  greedy
  launch
  cat "$scratch/log"
  [ "$(counted)" = 1 ]
  [ "$(ended)" = "stopped out of memory" ]
  [ "$(jq -c . "$state_root/box/vmm/exit.json")" = '{"exitCode":137,"guestLost":"","outOfMemory":true}' ]
  caisson delete box
  [ ! -e "$memory" ]
}

@test "oom: caisson-vmm dies by SIGKILL, and whoever runs a container in the foreground gets 137" {
  greedy
  run caisson run -b "$bundle" box
  [ "$status" -eq 137 ]
  [ ! -e "$memory" ]
}

@test "oom: without a limit of its own, a container that uses the whole guest up is one too" {
  greedy 'del(.linux.resources.memory)' '.annotations["org.caisson.memory"] = "128M"'
  launch
  [ "$(counted)" = 1 ]
  [ "$(ended)" = "stopped out of memory" ]
}

@test "oom: an ordinary end, SIGKILL, and a killed child of a container that goes on are none" {
  greedy
  set_command sh -c 'exit 137'
  launch
  [ "$(counted)" = 0 ]
  [ "$(ended)" = "stopped null" ]
  caisson delete box
  set_command sleep 1000
  caisson run --detach -b "$bundle" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1
  caisson kill box KILL
  timeout 250 tail --pid="$(cat "$scratch/pid")" -f /dev/null
  [ "$(counted)" = 0 ]
  caisson delete box
  set_command sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; [ $? = 137 ] && exit 3'
  run caisson run --keep -b "$bundle" box
  [ "$status" -eq 3 ]
  [ "$(counted)" = 0 ]
}

# v1 does not show caisson-vmm who else is there: it is killed before them.
@test "oom: what else is in the cgroup is not killed for it" {
  greedy
  caisson --log "$scratch/log" create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1
  sleep 1000 3>&- &
  sleeper=$!
  echo "$sleeper" >"$memory/cgroup.procs"
  caisson start box
  timeout 250 tail --pid="$(cat "$scratch/pid")" -f /dev/null
  kill -0 "$sleeper"
  [ "$(ended)" = "stopped out of memory" ]
  if [ -e "$memory/memory.oom_control" ]; then
    [ "$(counted)" = 1 ]
  else
    [ "$(counted)" = 0 ]
    grep 'do not learn of the OOM kill.*not alone' "$scratch/log"
  fi
}

@test "oom: an engine that protects itself from the host's OOM killer does not protect the container" {
  (echo -1000 >/proc/self/oom_score_adj) 2>/dev/null || skip "host: it gives no CAP_SYS_RESOURCE, with which engines protect themselves"
  greedy
  (
    echo -1000 >/proc/self/oom_score_adj
    launch
  )
  [ "$(counted)" = 1 ]
}

@test "oom: a cgroup that was there before keeps its limit" {
  greedy 'del(.linux.resources.memory)' '.annotations["org.caisson.memory"] = "128M"'
  mkdir "$memory"
  launch
  [ "$(counted)" = 0 ]
  [ "$(cat "$memory"/memory.{max,limit_in_bytes} 2>/dev/null)" = max ] ||
    [ "$(cat "$memory/memory.limit_in_bytes")" -gt $((1 << 40)) ]
}

@test "oom: a cgroup whose OOM killer is disabled does not keep the container from ending" {
  greedy
  caisson --log "$scratch/log" create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1
  local fewest=0 most=0
  if [ -e "$memory/memory.oom_control" ]; then
    echo 1 >"$memory/memory.oom_control"
  else
    # cgroup v2 cannot. The other knob of its killer may count the one process twice.
    echo 1 >"$memory/memory.oom.group"
    fewest=1 most=2
  fi
  caisson start box
  timeout 250 tail --pid="$(cat "$scratch/pid")" -f /dev/null
  local count
  count=$(counted)
  echo "$count"
  [ "$count" -ge "$fewest" ] && [ "$count" -le "$most" ]
  [ "$(ended)" = "stopped out of memory" ]
}
