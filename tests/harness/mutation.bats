#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The tier mutation (tests/mutation), on a tree of one source: what it calls killed, survived and stillborn.

setup() {
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/tests" "$tree/vmm/virtio"
  cp -r "$BATS_TEST_DIRNAME/../mutation" "$tree/tests/"
  cat >"$tree/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(tree CXX)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
enable_testing()
add_executable(bound_test vmm/virtio/bound.cpp test.cpp)
add_test(NAME unit.bound_test COMMAND bound_test)
set_tests_properties(unit.bound_test PROPERTIES LABELS unit)
CMAKE
  cat >"$tree/vmm/virtio/bound.cpp" <<'SOURCE'
bool fits(int size, int limit) {
  return size <= limit;
}
SOURCE
  git -C "$tree" init -q
}

# the_test CHECKS: what the unit test of the tree looks at.
the_test() {
  printf 'bool fits(int size, int limit);\nint main() { return (%s) ? 0 : 1; }\n' "$1" >"$tree/test.cpp"
  git -C "$tree" add -A
}

mutate() { run "$tree/tests/mutation/run" "$@"; }

@test "harness: the mutation tier's operators do what their examples say" {
  python3 -B -m doctest "$tree/tests/mutation/mutants.py"
}

@test "harness: the mutation tier passes where the tests see each change, and leaves nothing" {
  the_test 'fits(1, 1) && !fits(2, 1)'
  TMPDIR=$BATS_TEST_TMPDIR/work
  mkdir "$TMPDIR"
  TMPDIR=$TMPDIR mutate vmm/virtio
  [ "$status" -eq 0 ]
  [[ $output == *"killed    vmm/virtio/bound.cpp:2: boundary: return size <= limit; => return size < limit;"* ]]
  [ "${lines[-1]}" = "1 passed, 0 failed, 0 skipped" ]
  [ -z "$(ls "$TMPDIR")" ]
}

@test "harness: the mutation tier fails for a change that no test sees, unless that changes nothing and it says why" {
  the_test 'fits(0, 1) && !fits(2, 1)'
  mutate vmm/virtio
  [ "$status" -eq 1 ]
  [[ $output == *"survived  vmm/virtio/bound.cpp:2: boundary: return size <= limit; => return size < limit;"* ]]
  [ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
  echo 'vmm/virtio/bound.cpp: boundary: return size <= limit; => return size < limit;' >"$tree/tests/mutation/equivalent"
  mutate vmm/virtio --list
  [ "$status" -ne 0 ]
  [[ $output == *"a mutant without a reason above it"* ]]
  sed -i '1i # Nobody asks at the limit.' "$tree/tests/mutation/equivalent"
  mutate vmm/virtio --list
  [ "$status" -ne 0 ]
  [[ $output == *"no source with anything to change lies there"* ]]
}

@test "harness: the mutation tier fails where the tests fail as they are, or do not compile" {
  the_test '!fits(1, 1)'
  mutate vmm/virtio
  [ "$status" -eq 1 ]
  [[ $output == *"unchanged, these fail already: bound_test"* ]]
  the_test 'fits(1'
  mutate vmm/virtio
  [ "$status" -eq 1 ]
  [[ $output == *"unchanged, these fail already: the build"* ]]
}

@test "harness: the mutation tier refuses a folder with nothing to change" {
  mutate vmm/nothing --list
  [ "$status" -eq 2 ]
  [[ $output == *"vmm/nothing: no source with anything to change lies there"* ]]
}

@test "harness: a mutant cannot write to the host" {
  the_test "fits(1, 1) && !fits(2, 1)"
  cat >"$tree/test.cpp" <<SOURCE
#include <cstdio>
bool fits(int size, int limit);
int main() {
  const bool wrote = std::fopen("$BATS_TEST_TMPDIR/harm", "w") != nullptr || std::fopen("/etc/caisson-harm", "w") != nullptr;
  return !wrote && fits(1, 1) && !fits(2, 1) ? 0 : 1;
}
SOURCE
  git -C "$tree" add -A
  mutate vmm/virtio
  [ "$status" -eq 0 ]
  [ ! -e "$BATS_TEST_TMPDIR/harm" ] && [ ! -e /etc/caisson-harm ]
}
