#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The container's cgroup on the host beneath one that has processes of its own, as where an engine runs in a container
# itself: cgroup v2 then has only threaded cgroups beneath it.

load ../support/guest
load ../support/cgroups
bats_require_minimum_version 1.5.0

setup() {
  setup_sandbox_root
  guests=()
  hierarchies=$(list_hierarchies) above=caisson-cgroups.$unique
  export -f join_cgroup
  mkfifo "$scratch/joined"
  # shellcheck disable=SC2016 # the inner shell expands
  bash -c 'join_cgroup "$1" "$2" && echo >"$3" && exec sleep 1000' bash "$above" "$hierarchies" "$scratch/joined" 3>&- &
  neighbour=$!
  read -r <"$scratch/joined"
}
teardown() {
  local status=0
  teardown_sandbox_root || status=$?
  [ -z "${guests:-}" ] || kill -9 "${guests[@]}" 2>/dev/null || true
  kill "$neighbour" && wait "$neighbour"
  remove_cgroup "${above%-tree}" "$hierarchies"
  remove_cgroup "${above%-tree}-tree" "$hierarchies"
  return "$status"
}

# directories: those of the container in all hierarchies, as far as they are there.
directories() {
  local point
  while read -r _ _ point; do
    [ ! -d "$point/$above/box" ] || echo "$point/$above/box"
  done <<<"$hierarchies"
}

@test "cgroups: beneath processes of others a container starts, is in its cgroup, with a limit of its CPU, and is deleted" {
  make_bundle box ".linux.cgroupsPath = \"/$above/box\"" '.linux.resources = {cpu: {quota: 90000, period: 100000}}'
  set_command sleep 1000
  caisson run --detach -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1 || { cat "$scratch/out"; false; }
  grep -q ":/$above/box$" "/proc/$(cat "$scratch/pid")/cgroup"
  local directory
  for directory in $(directories); do
    cat "$directory"/cpu.{max,cfs_quota_us} 2>/dev/null || true
  done | grep ^90000
  caisson exec box true
  caisson delete --force box
  [ -z "$(directories)" ]
}

# values FILE…: of one of these names, in the container's cgroup on the host.
values() {
  local directory file
  for directory in $(directories); do
    for file in "$@"; do
      [ ! -e "$directory/$file" ] || cat "$directory/$file"
    done
  done
}

@test "cgroups: a container that is idle, or may burst, is so beside the host's own processes, and can be told otherwise" {
  make_bundle box ".linux.cgroupsPath = \"/$above/box\"" \
    '.linux.resources = {cpu: {idle: 1, shares: 512, quota: 90000, period: 100000, burst: 1000}}'
  set_command sleep 1000
  caisson run --detach -b "$bundle" box </dev/null >"$scratch/out" 2>&1 || { cat "$scratch/out"; false; }
  [ "$(values cpu.idle)" = 1 ]
  [ "$(values cpu.cfs_burst_us cpu.max.burst)" = 1000 ]
  echo '{"cpu": {"idle": 0, "shares": 512, "burst": 0}}' | caisson update --resources - box
  [ "$(values cpu.idle)" = 0 ]
  [[ $(values cpu.shares cpu.weight) == 512 || $(values cpu.shares cpu.weight) == 20 ]]
  [ "$(values cpu.cfs_burst_us cpu.max.burst)" = 0 ]
  caisson update --cpu-idle 1 box
  [ "$(values cpu.idle)" = 1 ]
  run caisson update --cpu-idle 2 box
  [ "$status" -eq 1 ]
  [[ $output == *"--cpu-idle: must be 0 or 1"* ]]
}

@test "cgroups: what others have made and started beneath a container's goes with it" {
  # Not beneath the neighbour's: v2 would have threads alone there.
  local directory guest
  above=$above-tree
  make_bundle box ".linux.cgroupsPath = \"/$above/box\"" 'del(.linux.resources)'
  set_command sleep 1000
  caisson run --detach -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1 || { cat "$scratch/out"; false; }
  # A tree with processes at two levels, and an empty branch, where the container has a cgroup.
  local own kind options point
  own=$(while read -r kind options point; do [ ! -d "$point/$above/box" ] || echo "$kind $options $point"; done <<<"$hierarchies")
  for directory in $(directories); do mkdir -p "$directory"/empty/below; done
  for directory in a "a a/b a/b/c"; do
    # shellcheck disable=SC2016 # the inner shell expands
    bash -c 'for name in $1; do join_cgroup "$4/$name" "$2" || exit 1; done && echo >"$3" && exec sleep 1000' bash \
      "$directory" "$own" "$scratch/joined" "$above/box" 3>&- &
    guests+=($!)
    read -r <>"$scratch/joined" # the last writer may not have closed it yet
  done
  caisson delete --force box
  [ -z "$(directories)" ]
  for guest in "${guests[@]}"; do run ! kill -0 "$guest"; done
  kill -0 "$neighbour"
}

@test "cgroups: without limits the neighbours' cgroup stays what it was" {
  local before point
  before=$(while read -r _ _ point; do cat "$point/$above/cgroup.type" "$point/$above/cgroup.subtree_control"; done <<<"$hierarchies" 2>/dev/null || true)
  make_bundle box ".linux.cgroupsPath = \"/$above/box\"" 'del(.linux.resources)'
  run -0 caisson run -b "$bundle" box </dev/null
  [ "$before" = "$(while read -r _ _ point; do cat "$point/$above/cgroup.type" "$point/$above/cgroup.subtree_control"; done <<<"$hierarchies" 2>/dev/null || true)" ]
}

@test "cgroups: a limit that cgroup v2 cannot have there is refused with what to do, and nothing is left" {
  make_bundle box ".linux.cgroupsPath = \"/$above/box\"" '.linux.resources = {memory: {limit: 200000000}, cpu: {quota: 90000, period: 100000}}'
  if [ "$(stat -f -c %T "$(memory_hierarchy)")" = cgroup2fs ]; then
    run -1 caisson run -b "$bundle" box </dev/null
    echo "$output"
    [[ $output == *"linux.resources.memory.limit: cgroup "*"$above has processes of its own"*"linux.cgroupsPath"* ]]
  else
    run -0 caisson run -b "$bundle" box </dev/null
  fi
  [ -z "$(directories)" ]
}
