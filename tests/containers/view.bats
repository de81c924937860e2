#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a container sees of the machine around it; tests/differential found most of it.

load ../support/guest

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

@test "view: no interface but loopback, no bpf without privileges" {
  make_bundle box
  set_command sh -c 'ls /sys/class/net; cat /proc/sys/kernel/unprivileged_bpf_disabled'
  run caisson run -b "$bundle" box
  [ "$status" -eq 0 ]
  [ "$output" = $'lo\n2' ]
}

@test "view: cgroups begin at the container's own, with a cgroup namespace and without" {
  make_bundle box '.linux.resources.pids.limit = 77'
  set_command sh -c 'cat /sys/fs/cgroup/pids.max; mkdir /sys/fs/cgroup/x 2>/dev/null || echo ro'
  run caisson run -b "$bundle" box
  [ "$output" = $'77\nro' ]
  configure '.linux.namespaces |= map(select(.type != "cgroup"))'
  run caisson run -b "$bundle" box
  [ "$output" = $'77\nro' ]
}
