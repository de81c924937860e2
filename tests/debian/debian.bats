#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A Debian root file system as a bundle: the programs that ask most of a file system, on virtio-fs. All containers of this
# file write one copy of the root file system, one after the other.

load ../support/guest

setup_file() {
  cp -a --reflink=auto "$("$BATS_TEST_DIRNAME/../containers/rootfs/make_debian" | tail -n 1)" "$BATS_FILE_TMPDIR/rootfs"
  cp "$BATS_TEST_DIRNAME/../containers/rootfs/programs.sh" "$BATS_FILE_TMPDIR/rootfs/root/"
}
setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# works_with NAME…: with_NAME of tests/containers/rootfs/programs.sh, as root with what a package manager may.
works_with() {
  bundle=$scratch/debian
  mkdir "$bundle"
  (cd "$bundle" && "$CAISSON" spec)
  configure ".root = {path: \"$BATS_FILE_TMPDIR/rootfs\", readonly: false} | .annotations[\"org.caisson.memory\"] = \"1G\""
  configure '.process.terminal = false | .process.env += ["HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]'
  all=$(jq -n '["CHOWN","DAC_OVERRIDE","FOWNER","FSETID","KILL","SETGID","SETUID","SETPCAP","SYS_CHROOT","MKNOD","SETFCAP"] | map("CAP_" + .)')
  configure ".process.capabilities = {bounding: $all, effective: $all, permitted: $all}"
  set_command sh -x /root/programs.sh "$@"
  run caisson run -b "$bundle" debian
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "debian: bash" { works_with bash; }
@test "debian: python3 on temporary files, maps, appends, locks, attributes, directories under change" { works_with python; }
@test "debian: python3 with modules, a pool of processes, threads, an archive" { works_with python_modules; }
@test "debian: git init, add, commit, mv, gc, fsck, clone" { works_with git; }
@test "debian: gcc compiles, the program runs" { works_with gcc; }
@test "debian: dpkg installs and purges a package" { works_with dpkg; }
@test "debian: apt-get installs and purges a local package" { works_with apt; }
@test "debian: sqlite3 with a rollback journal and with WAL" { works_with sqlite; }
@test "debian: PostgreSQL's initdb, a query, a server, its crash and recovery" { works_with postgres postgres_server; }
