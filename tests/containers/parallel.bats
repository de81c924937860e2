#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many at once: executions in one container, containers on one host.

load ../support/guest

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

create_sleeper() {
  make_bundle box "$@"
  set_command sleep 1000
  caisson create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1
}

@test "exec: many at once keep their outputs apart" {
  create_sleeper
  caisson start box
  local pids=()
  for i in 1 2 3 4 5 6 7 8; do
    caisson exec box sh -c "for n in 1 2 3; do echo $i; done" >"$scratch/exec.$i" &
    pids+=($!)
  done
  wait_for_all "${pids[@]}"
  for i in 1 2 3 4 5 6 7 8; do
    [ "$(sort -u "$scratch/exec.$i")" = "$i" ]
    [ "$(wc -l <"$scratch/exec.$i")" -eq 3 ]
  done
}

@test "twenty at once: all succeed, outputs not mixed" {
  local pids=()
  make_bundle box
  for i in $(seq 20); do
    cp "$bundle/config.json" "$scratch/config.$i"
    mkdir -p "$scratch/b$i"
    ln -s "$bundle/rootfs" "$scratch/b$i/rootfs"
    jq --arg i "$i" '.process.args = ["sh", "-c", "echo container " + $i] | .root.readonly = true' \
      "$bundle/config.json" >"$scratch/b$i/config.json"
    caisson run -b "$scratch/b$i" "box$i" >"$scratch/out.$i" 2>&1 </dev/null &
    pids+=($!)
  done
  wait_for_all "${pids[@]}"
  for i in $(seq 20); do
    [ "$(cat "$scratch/out.$i")" = "container $i" ]
  done
}
