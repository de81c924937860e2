#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What sets this machine's clock belongs on a machine that is thrown away.

load ../support/guest
load ../support/clock
bats_require_minimum_version 1.5.0

setup() {
  # Said by tests/testbed/run, to which the machine belongs.
  [ "${MAY_SET_CLOCK:-}" = yes ]
  setup_sandbox_root
}
teardown() { teardown_sandbox_root; }

# comes_right: waits for what follows an event, and is no poll of ours elsewhere.
comes_right() {
  local _
  for _ in {1..100}; do
    clock_is_right 10000 && return
    sleep 0.2
  done
  return 1
}

@test "clock: a host whose clock is set takes the guest's with it, forwards and back" {
  start_clock
  clock_is_right 10000
  date -s "$(date -d '+1 hour' '+%F %T')"
  comes_right
  date -s "$(date -d '-2 hours' '+%F %T')"
  comes_right
  end_clock
}

@test "clock: one set while the container is paused is right when it goes on" {
  start_clock
  caisson pause box
  date -s "$(date -d '+1 hour' '+%F %T')"
  caisson resume box
  comes_right
  end_clock
}
