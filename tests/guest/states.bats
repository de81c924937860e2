#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What each verb does in each state, as under runc, and what a kill -9 leaves.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

create() {
  caisson create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1
}
state() { caisson state box | jq -r .status; }
# LIMIT: of the slowest machine.
gone() { timeout 60 tail --pid="$(cat "$scratch/pid")" -f /dev/null; }

@test "kill: what asks a created container to end ends it" {
  make_bundle box
  set_command sleep 1000
  local signal
  for signal in KILL TERM HUP "--all KILL" "--all TERM"; do
    create
    # shellcheck disable=SC2086 # an option and a signal
    set -- $signal
    if [ "$1" = --all ]; then caisson kill --all box "$2"; else caisson kill box "$1"; fi
    gone
    [ "$(state)" = stopped ]
    run caisson kill box KILL
    [ "$status" -eq 1 ]
    [[ $output == *"container not running"* ]]
    run caisson start box
    [ "$status" -eq 1 ]
    [[ $output == *"cannot start a container that has stopped"* ]]
    caisson delete box
  done
}

@test "kill: what does not ask to end leaves a created container as it is, and unknown signals are refused" {
  make_bundle box
  set_command sh -c 'trap "exit 7" TERM; echo up; while :; do sleep 0.1; done'
  create
  local signal
  for signal in 0 WINCH CONT CHLD USR1 34; do
    caisson kill box "$signal"
    caisson kill --all box "$signal"
  done
  for signal in 99 -1 NONSENSE; do
    run caisson kill box "$signal"
    [ "$status" -eq 1 ]
  done
  [ "$(state)" = created ]
  [ "$(caisson exec box echo here)" = here ]
  # Nothing was left for the program: it gets what is sent from now on.
  caisson start box
  timeout 60 tail --follow --lines=+1 "$scratch/out" | grep -q -m 1 up
  caisson kill box TERM
  gone
  [ "$(jq .exitCode "$(find "$state_root" -name exit.json)")" = 7 ]
  caisson delete box
}

@test "pause: a created container is created again when it is resumed, and can be killed meanwhile" {
  make_bundle box
  set_command sleep 1000
  create
  caisson pause box
  [ "$(state)" = paused ]
  run caisson start box
  [ "$status" -eq 1 ]
  caisson resume box
  [ "$(state)" = created ]
  caisson start box
  [ "$(state)" = running ]
  caisson pause box
  caisson resume box
  [ "$(state)" = running ]
  caisson delete --force box
  create
  caisson pause box
  caisson kill box KILL
  gone
  [ "$(state)" = stopped ]
  caisson delete box
}

@test "delete: a created container goes without --force" {
  make_bundle box
  set_command sleep 1000
  create
  caisson delete box
  gone
  [ -z "$(caisson list -q)" ]
}

@test "exec: the container's personality and the CPUs asked for are the process's" {
  make_bundle box '.linux.personality = {"domain": "LINUX32"} | .annotations["org.caisson.cpus"] = "2"'
  set_command sh -c 'uname -m; sleep 1000'
  create
  caisson start box
  [ "$(caisson exec box uname -m)" = i686 ]
  [ "$(caisson exec --cpu-affinity 0:1 box grep Cpus_allowed_list /proc/self/status | cut -f2)" = 1 ]
  [ "$(caisson exec box grep Cpus_allowed_list /proc/self/status | cut -f2)" = 0-1 ]
  jq '.process | .args = ["grep", "Cpus_allowed_list", "/proc/self/status"] | .execCPUAffinity = {"initial": "0", "final": "0"}' \
    "$bundle/config.json" >"$scratch/process.json"
  [ "$(caisson exec --process "$scratch/process.json" box | cut -f2)" = 0 ]
  run caisson exec --cpu-affinity 0:7 box true
  [ "$status" -eq 255 ]
  [[ $output == *"cpu affinity"* ]]
  run caisson exec --cpu-affinity 0:x box true
  [[ $output == *"process.execCPUAffinity.final"* ]]
}
