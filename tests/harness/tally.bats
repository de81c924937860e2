#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tests/support/tally.bash: what counts as passed, and what must not.

setup() {
  support=$BATS_TEST_DIRNAME/../support
  cd "$BATS_TEST_TMPDIR" || return
}

# counts FUNCTION ARGUMENT…: the line the tier would end in; the status is the tier's.
counts() {
  # shellcheck disable=SC2016 # the inner shell expands
  run bash -c 'source "$1/tally.bash"; shift; "$@"; end_tier' bash "$support" "$@"
}

tap() { printf '%s\n' "$@" >log; }

report() {
  printf '<testsuites tests="1"><testsuite name="A">%s</testsuite></testsuites>' "$1" >report.xml
}

@test "harness: a run of nothing fails" {
  counts true
  [ "$status" -eq 1 ]
  tap 1..0
  counts tally_tap log 0
  [ "$status" -eq 1 ]
  report ''
  counts tally_report report.xml 0
  [ "$status" -eq 1 ]
  counts tally_line "0 passed, 0 failed, 0 skipped" 0
  [ "$status" -eq 1 ]
}

@test "harness: bats: passes, failures, tests that never reported, a status nobody explains" {
  tap 1..2 'ok 1 a' 'ok 2 b'
  counts tally_tap log 0
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = "2 passed, 0 failed, 0 skipped" ]
  tap 1..2 'ok 1 a' 'not ok 2 b'
  counts tally_tap log 1
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "1 passed, 1 failed, 0 skipped" ]
  tap 1..3 'ok 1 a'
  counts tally_tap log 0
  [ "${lines[-1]}" = "1 passed, 2 failed, 0 skipped" ]
  tap 1..1 'ok 1 a'
  counts tally_tap log 1
  [ "${lines[-1]}" = "1 passed, 1 failed, 0 skipped" ]
}

@test "harness: a skip counts only for what this host cannot have" {
  tap 1..2 'ok 1 a' 'ok 2 b # skip host: it has no such device'
  counts tally_tap log 0
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = "1 passed, 0 failed, 1 skipped" ]
  tap 1..2 'ok 1 a' 'ok 2 b # skip needs a package'
  counts tally_tap log 0
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "1 passed, 1 failed, 0 skipped" ]
}

@test "harness: GoogleTest: no report, a report cut short, a skip, a disabled test, a crash at the end" {
  counts tally_report missing.xml 139
  [ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
  echo '<testsuites tests="1"><testsuite' >report.xml
  counts tally_report report.xml 0
  [ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
  report '<testcase name="a" classname="A" status="run" result="completed"/>'
  counts tally_report report.xml 0
  [ "${lines[-1]}" = "1 passed, 0 failed, 0 skipped" ]
  counts tally_report report.xml 23
  [ "${lines[-1]}" = "1 passed, 1 failed, 0 skipped" ]
  report '<testcase name="a" classname="A" status="run"><failure message="x"/></testcase>'
  counts tally_report report.xml 1
  [ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
  report '<testcase name="a" classname="A" status="run" result="skipped"><skipped message="f.cpp:2&#x0A;host: none"/></testcase>'
  counts tally_report report.xml 0
  [ "${lines[-1]}" = "0 passed, 0 failed, 1 skipped" ]
  report '<testcase name="a" classname="A" status="run" result="skipped"><skipped message="f.cpp:2&#x0A;no QEMU"/></testcase>'
  counts tally_report report.xml 0
  [ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
  report '<testcase name="DISABLED_a" classname="A" status="notrun" result="suppressed"/>'
  counts tally_report report.xml 0
  [ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
}

@test "harness: a runner whose status and count disagree, or that never counted, has failed" {
  counts tally_line "3 passed, 0 failed, 0 skipped" 0
  [ "$status" -eq 0 ]
  counts tally_line "3 passed, 0 failed, 0 skipped" 7
  [ "$status" -eq 1 ]
  counts tally_line "3 passed, 1 failed, 0 skipped" 1
  [ "$status" -eq 1 ]
  counts tally_line "Killed" 137
  [ "$status" -eq 1 ]
}

@test "harness: jobs: the status of each counts, whichever ends first" {
  cat >tier <<'TIER'
source "$1/jobs.bash"
trap end_jobs EXIT
start_job good sh -c 'echo "1 passed, 0 failed, 0 skipped"'
start_job bad sh -c 'echo "1 passed, 0 failed, 0 skipped"; exit 3'
start_job mute true
await_jobs
end_tier
TIER
  run bash tier "$support"
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "2 passed, 2 failed, 0 skipped" ]
}
