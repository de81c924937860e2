#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A Debian root file system as a bundle: the programs that ask most of a file system, on virtio-fs.

load ../support/guest

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

@test "debian: bash, python, git, gcc, dpkg, sqlite and PostgreSQL's initdb work on the root file system" {
  root=$("$repository/tests/guest/rootfs/make_debian" | tail -n 1)
  bundle=$scratch/debian
  mkdir "$bundle"
  cp -a --reflink=auto "$root" "$bundle/rootfs"
  cp "$repository/tests/guest/rootfs/programs.sh" "$bundle/rootfs/root/"
  (cd "$bundle" && "$CAISSON" spec)
  configure '.process.terminal = false | .root.readonly = false | .annotations["org.caisson.memory"] = "1G"'
  all=$(jq -n '["CHOWN","DAC_OVERRIDE","FOWNER","FSETID","KILL","SETGID","SETUID","SETPCAP","SYS_CHROOT","MKNOD","SETFCAP"] | map("CAP_" + .)')
  configure ".process.capabilities = {bounding: $all, effective: $all, permitted: $all}"
  set_command sh /root/programs.sh
  run caisson run -b "$bundle" debian
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output != *FAIL* ]]
}
