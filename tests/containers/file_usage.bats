#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A program's use of files has the same outcome in a container as natively, over the same file system of the host.

load ../support/guest

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

setup_file() {
  gcc -O1 -static -o "$BATS_FILE_TMPDIR/usage" "$BATS_TEST_DIRNAME/../devices/fs/usage.c"
  mkdir "$BATS_FILE_TMPDIR/native"
  "$BATS_FILE_TMPDIR/usage" "$BATS_FILE_TMPDIR/native" >"$BATS_FILE_TMPDIR/expected"
}

# use_files DIR: the program's words about DIR of the container.
use_files() {
  cp "$BATS_FILE_TMPDIR/usage" "$bundle/rootfs/bin/usage"
  configure '.process.capabilities[] += ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETUID", "CAP_SETGID", "CAP_LEASE", "CAP_SETFCAP"]
    | .process.noNewPrivileges = false'
  set_command usage "$1"
  caisson run -b "$bundle" box </dev/null >"$scratch/said"
  [ "$(wc -l <"$BATS_FILE_TMPDIR/expected")" -gt 250 ]
  diff "$BATS_FILE_TMPDIR/expected" "$scratch/said"
}

@test "file usage: on the root file system as natively" {
  make_bundle box
  mkdir "$bundle/rootfs/work"
  use_files /work
}

@test "file usage: on a bind mount as natively" {
  make_bundle box
  mkdir "$scratch/shared"
  configure ".mounts += [{destination: \"/shared\", type: \"bind\", source: \"$scratch/shared\", options: [\"rbind\", \"rw\"]}]"
  use_files /shared
}
