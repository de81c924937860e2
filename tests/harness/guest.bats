#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tests/support/guest.bash and run_bats with runtimes that leave things, hang or lie.

setup() {
  repository=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  cd "$BATS_TEST_TMPDIR" || return
}

# runtime SCRIPT: one that knows of `delete` that it removes the state, and does SCRIPT for everything else; $root is its state.
runtime() {
  cat >runtime <<RUNTIME
#!/bin/bash
root=\$2; shift 2
case \$1 in
  delete) rm -rf "\$root/\${!#}" ;;
  state) [ ! -e "\$root/\$2/pid" ] || echo "{\"pid\": \$(cat "\$root/\$2/pid")}" ;;
  *) $1 ;;
esac
RUNTIME
  chmod +x runtime
}

# outcome BODY: what a test of this body ends in.
outcome() {
  printf '%s\n' "load $repository/tests/support/guest" 'setup() { setup_sandbox_root; }' 'teardown() { teardown_sandbox_root; }' \
    '@test "inner" {' "$1" '}' >inner.bats
  CAISSON=$PWD/runtime run timeout 60 "$repository/tests/support/run_bats" inner.bats
}
passes() { [ "$status" -eq 0 ] && [ "${lines[-1]}" = "1 passed, 0 failed, 0 skipped" ]; }
fails_for() { [ "$status" -eq 1 ] && [[ ${lines[-1]} == *" 1 failed, 0 skipped" ]] && [[ $output == *"$1"* ]]; }

@test "harness: a runtime that leaves nothing passes" {
  runtime true
  outcome 'caisson run box'
  passes
}

@test "harness: what a test creates on purpose is deleted for it" {
  runtime 'mkdir "$root/box"'
  outcome 'caisson create -b somewhere box'
  passes
  outcome 'caisson run --detach box'
  passes
}

@test "harness: a runtime that leaves its state fails the test" {
  runtime 'mkdir "$root/box"'
  outcome 'caisson run box'
  fails_for "left in the state directory by a command that had ended: box"
}

@test "harness: a runtime whose delete leaves the state fails the test" {
  runtime 'mkdir "$root/box"'
  sed -i 's/^  delete) .*/  delete) ;;/' runtime
  outcome 'caisson create box'
  fails_for "left in the state directory after delete"
}

@test "harness: a runtime that leaves a process fails the test, and the process does not outlive it" {
  runtime "setsid sleep 3217 </dev/null >/dev/null 2>&1 3>&- 4>&- &"
  BATS_TEST_TIMEOUT=20 outcome 'caisson run box'
  fails_for "left running"
  run pgrep -f '^sleep 3217$'
  [ "$status" -eq 1 ]
}

@test "harness: a runtime that leaves a listening socket or a mount fails the test" {
  runtime 'python3 -c "import os, socket, sys, time
s = socket.socket(1); s.bind(sys.argv[1]); s.listen()
os.fork() or time.sleep(100)" "$root/../socket" </dev/null >/dev/null 2>&1 3>&- 4>&-'
  outcome 'caisson run box'
  fails_for "left listening"
  runtime 'mkdir "$root/../m" && mount -t tmpfs m "$root/../m"'
  outcome 'caisson run box'
  fails_for "left mounted"
}

@test "harness: a runtime that leaves a cgroup fails the test" {
  local hierarchy
  hierarchy=$(awk '$3 ~ /^cgroup/ { print $2; exit }' /proc/mounts)
  export inner_cgroup=$hierarchy/caisson-harness-${BATS_TEST_TMPDIR//\//-}
  runtime 'mkdir "$inner_cgroup" "$root/box"; setsid sleep 3218 </dev/null >/dev/null 2>&1 3>&- 4>&- &
    echo $! >"$inner_cgroup/cgroup.procs"; echo $! >"$root/box/pid"'
  sed -i 's|^  delete) |  delete) kill -9 "$(cat "$root/box/pid")"; |' runtime
  outcome 'caisson create box'
  timeout 10 sh -c 'until rmdir "$1"; do sleep 0.1; done' sh "$inner_cgroup"
  fails_for "left of cgroups"
}

@test "harness: a runtime that hangs fails the test in time" {
  runtime 'sleep 1000'
  BATS_TEST_TIMEOUT=3 outcome 'caisson run box'
  fails_for "inner"
}

@test "harness: tests that wait for many see each that fails" {
  runtime true
  outcome 'false & first=$!; true & wait_for_all "$first" "$!"'
  fails_for inner
}

@test "harness: bats without our namespaces is refused" {
  runtime true
  outcome true
  unset CAISSON_TEST_NAMESPACE
  CAISSON=$PWD/runtime run bats inner.bats
  [ "$status" -eq 1 ]
  [[ $output == *run_bats* ]]
}
