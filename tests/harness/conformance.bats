#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tests/conformance/run with suites that are not there, that fail, or that say nothing, in a tree of its own.

setup() {
  repository=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  tree=$BATS_TEST_TMPDIR/tree conformance=$BATS_TEST_TMPDIR/tree/tests/conformance
  mkdir -p "$conformance" "$tree/tests/support" "$tree/docs"
  cp "$repository/tests/conformance/run" "$conformance/"
  cp "$repository/tests/support/tally.bash" "$tree/tests/support/"
  script isolate 'exec "$@"'
  # Of the source of a newer suite only its path is asked for.
  script fetch_source 'case $# in 1) echo /source/old ;; *) echo /source/new ;; esac'
  script page 'echo page'
  echo page >"$tree/docs/conformance.md"
  tests=$BATS_TEST_TMPDIR/tests
  mkdir "$tests"
  # test FILE/NAME by the files old or new, and of caisson alone.
  script crun_suite 'case $1 in
    prepare) ;;
    list) cat '"$tests"'/$(basename "$2") ;;
    test) echo "$4 $3" >>'"$tests"'/ran; [ "$3" = caisson ] || { echo ok; exit; }; cat '"$tests"'/$(basename "$4") ;;
  esac'
  printf 'file/good a\nfile/bad b\n' >"$tests/old"
  echo ok >"$tests/good"
  echo fail >"$tests/bad"
  ledger crun-1 'total 2' 'fail file/bad a reason'
}

# script NAME TEXT: a program beside the runner.
script() {
  printf '#!/bin/bash\n%s\n' "$2" >"$conformance/$1"
  chmod +x "$conformance/$1"
}

# ledger SUITE LINE…
ledger() {
  local suite=$1
  shift
  printf '%s\n' "$@" >"$conformance/ledger.$suite"
}

# The name is all that the suites here look at.
run_suites() { CAISSON=caisson run timeout 60 "$conformance/run" "$@"; }

@test "harness: the conformance tier passes when what is known fails and the rest passes" {
  run_suites crun-1
  [ "$status" -eq 0 ]
  [[ $output == *"known: file/bad: fail (crun: ok): a reason"* ]]
  [ "${lines[-1]}" = "1 passed, 0 failed, 1 skipped" ]
}

@test "harness: the conformance tier fails for a test that fails, dies or skips unknown, and for one that passes now" {
  local said
  for said in fail skip '' nonsense; do
    echo "$said" >"$tests/good"
    run_suites crun-1
    [ "$status" -eq 1 ]
    [[ $output == *"not ok: file/good"* ]]
  done
  echo ok | tee "$tests/good" >"$tests/bad"
  run_suites crun-1
  [ "$status" -eq 1 ]
  [[ $output == *"not ok: file/bad: ok (crun: ok): it passes now"* ]]
}

@test "harness: the conformance tier tries no test twice" {
  echo fail >"$tests/good"
  run_suites crun-1
  [ "$status" -eq 1 ]
  [ "$(grep -c '^file/good caisson$' "$tests/ran")" -eq 1 ]
}

@test "harness: the conformance tier fails for a pattern that no test's name begins with" {
  run_suites crun-1 file/good
  [ "$status" -eq 0 ]
  run_suites crun-1 nowhere/
  [ "$status" -eq 1 ]
  [[ $output == *"not ok: crun-1: no test that it runs has a name that begins with nowhere/"* ]]
  run_suites crun-1 file/good file/goose
  [ "$status" -eq 1 ]
  [[ $output == *"begins with file/goose"* ]]
  run_suites crun-7
  [ "$status" -eq 2 ]
}

@test "harness: the conformance tier fails for a suite whose ledger is about another one" {
  ledger crun-1 'total 3' 'fail file/bad a reason'
  run_suites crun-1
  [ "$status" -eq 1 ]
  [[ $output == *"tells of 3 tests, there are 2"* ]]
  ledger crun-1 'total 2' 'fail file/bad a reason' 'fail file/gone a reason'
  run_suites crun-1
  [ "$status" -eq 1 ]
  [[ $output == *"names a test that is not there: file/gone"* ]]
}

@test "harness: the conformance tier runs what two suites share in the newer one alone, and asks nobody else there" {
  printf 'file/bad b\nfile/good changed\n' >"$tests/new"
  ledger crun-1 'total 2' 'newer crun-2 1 shared'
  ledger crun-2 'origin release 2' 'total 2' 'fail file/bad a reason'
  run_suites
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = "2 passed, 0 failed, 1 skipped" ]
  [ "$(sort "$tests/ran" | grep -v ' caisson$' | wc -l)" -eq 1 ]
  [ "$(grep -c '^file/bad caisson$' "$tests/ran")" -eq 1 ]
  # An entry about what the other one runs would never be looked at.
  ledger crun-1 'total 2' 'newer crun-2 1 shared' 'fail file/bad a reason'
  run_suites crun-1
  [ "$status" -eq 1 ]
  [[ $output == *"names a test that is not there, or that crun-2 runs: file/bad"* ]]
}

@test "harness: the conformance tier tells of a suite that the archive has no more, and fails for one that it cannot get" {
  printf 'file/bad b\n' >"$tests/new"
  ledger crun-1 'total 2' 'newer crun-2 1 shared'
  ledger crun-2 'origin release 2' 'total 1' 'fail file/bad a reason'
  script fetch_source 'case $# in 1) echo /source/old ;; *) exit 3 ;; esac'
  run_suites
  [ "$status" -eq 0 ]
  [[ $output == *"skipped: crun-2: the archive serves no release 2"* ]]
  # What was shared runs in the older one, known by the newer one's ledger.
  [ "${lines[-1]}" = "1 passed, 0 failed, 2 skipped" ]
  script fetch_source 'case $# in 1) echo /source/old ;; *) exit 1 ;; esac'
  run_suites
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "0 passed, 2 failed, 0 skipped" ]
}

@test "harness: the conformance tier fails when its page is not what the ledgers say" {
  ledger crun-2 'origin release 2' 'total 2' 'fail file/bad a reason'
  cp "$tests/old" "$tests/new"
  run_suites
  [ "$status" -eq 0 ]
  echo older >"$tree/docs/conformance.md"
  run_suites
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "2 passed, 1 failed, 2 skipped" ]
}
