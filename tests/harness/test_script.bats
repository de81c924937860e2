#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# scripts/test with tiers that do not do their duty, in a tree of its own.

setup() {
  repository=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree"/{scripts,tests/support}
  cp "$repository/scripts/test" "$tree/scripts/"
  cp "$repository"/tests/support/{tally.bash,host_state} "$tree/tests/support/"
  printf '#!/bin/sh\n' | tee "$tree/scripts/bootstrap" >"$tree/scripts/build"
  chmod +x "$tree"/scripts/*
}

# tier NAME SCRIPT
tier() {
  mkdir -p "$tree/tests/$1"
  printf '#!/bin/sh\n%s\n' "$2" >"$tree/tests/$1/run"
  chmod +x "$tree/tests/$1/run"
}

# run_tiers NAME…
run_tiers() { run timeout 60 "$tree/scripts/test" "$@"; }

@test "harness: scripts/test passes when every tier does" {
  tier good 'echo "2 passed, 0 failed, 0 skipped"'
  run_tiers good
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = "2 passed, 0 failed, 0 skipped" ]
}

@test "harness: scripts/test fails for a tier that fails, dies, says nothing or ran nothing" {
  tier good 'echo "2 passed, 0 failed, 0 skipped"'
  tier bad 'echo "1 passed, 1 failed, 0 skipped"; exit 1'
  tier liar 'echo "1 passed, 1 failed, 0 skipped"'
  tier dies 'echo "1 passed, 0 failed, 0 skipped"; kill -9 $$'
  tier mute 'exit 0'
  tier idle 'echo "0 passed, 0 failed, 0 skipped"'
  local name
  for name in bad liar dies mute idle; do
    run_tiers good "$name"
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == *" passed, 1 failed, 0 skipped" ]]
  done
}

@test "harness: scripts/test refuses a tier that is not there or cannot be executed" {
  tier good 'echo "1 passed, 0 failed, 0 skipped"'
  chmod -x "$tree/tests/good/run"
  run_tiers good
  [ "$status" -eq 2 ]
  run_tiers nowhere
  [ "$status" -eq 2 ]
  # Of the tiers that run unasked none is there.
  run_tiers
  [ "$status" -eq 1 ]
  [[ $output == *"cannot be run"* ]]
}

@test "harness: scripts/test fails for a tier that leaves a program of the tree, or a cgroup" {
  mkdir -p "$tree/build/bin"
  cp "$(command -v sleep)" "$tree/build/bin/sleeper"
  tier leaves "setsid '$tree/build/bin/sleeper' 1000 >/dev/null 2>&1 & echo '1 passed, 0 failed, 0 skipped'"
  run_tiers leaves
  pkill -x sleeper
  [ "$status" -eq 1 ]
  [[ $output == *"tier leaves left"*sleeper* ]]
  local cgroup
  cgroup=$(awk '$3 ~ /^cgroup/ { print $2; exit }' /proc/mounts)/caisson-harness-${BATS_TEST_TMPDIR//\//-}
  tier leaves "mkdir '$cgroup'; echo '1 passed, 0 failed, 0 skipped'"
  run_tiers leaves
  rmdir "$cgroup"
  [ "$status" -eq 1 ]
  [[ $output == *"tier leaves left"*caisson-harness* ]]
}

@test "harness: scripts/test says again at its end what failed, and why" {
  tier good 'echo "ok 1 fine"; echo "1 passed, 0 failed, 0 skipped"'
  tier bad 'echo "not ok 1 broken"; echo "# because"; echo "ok 2 fine"; echo "1 passed, 1 failed, 0 skipped"; exit 1'
  tier dies 'echo "1 passed, 0 failed, 0 skipped"; kill -9 $$'
  run_tiers bad good dies
  [ "$status" -eq 1 ]
  local said=${output#*=== what failed}
  [[ $said == *"bad:"*"not ok 1 broken"*"# because"*"dies:"*"not ok: it ended with 137"*"=== summary"* ]]
  [[ $said != *"good:"* ]]
  [[ $said != *"fine"* ]]
}
