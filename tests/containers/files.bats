#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a container may expect of its files: on the root file system, on a bind mount, and where the host has no more room.

load ../support/guest

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# make_semantics: a bundle with the program that asks for each promise (tests/devices/fs/semantics.c), and what root may.
make_semantics() {
  make_bundle box
  gcc -O1 -static -o "$bundle/rootfs/bin/semantics" "$repository/tests/devices/fs/semantics.c"
  configure '.process.capabilities[] += ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETUID", "CAP_SETGID", "CAP_SYS_RESOURCE"]'
}

@test "files: the root file system keeps what POSIX and Linux promise, with 5000 files open" {
  make_semantics
  mkdir "$bundle/rootfs/work"
  # As from a login: caisson-vmm raises its own soft limit.
  ulimit -Sn 1024
  set_command semantics /work open-files
  run caisson run -b "$bundle" box
  echo "exit $status: $output"
  [ "$status" -eq 0 ]
  [ "$(cat "$bundle/rootfs/work/open/4999")" = last ]
}

@test "files: a bind mount keeps what POSIX and Linux promise" {
  make_semantics
  mkdir "$scratch/shared"
  configure ".mounts += [{destination: \"/shared\", type: \"bind\", source: \"$scratch/shared\", options: [\"rbind\", \"rw\"]}]"
  set_command semantics /shared
  run caisson run -b "$bundle" box
  echo "exit $status: $output"
  [ "$status" -eq 0 ]
}

@test "files: a full host disk is the guest's ENOSPC, and room given back can be used" {
  make_bundle box
  set_command sh -c 'dd if=/dev/zero of=/full/big bs=64k; sync /full/big; rm /full/big; echo small >/full/small && cat /full/small'
  mkdir "$scratch/full"
  configure ".mounts += [{destination: \"/full\", type: \"bind\", source: \"$scratch/full\", options: [\"rbind\", \"rw\"]}]"
  run unshare --mount sh -c "mount -t tmpfs -o size=4m full $scratch/full && $CAISSON --root $state_root run -b $bundle box"
  echo "exit $status: $output"
  [[ $output == *"No space left on device"* ]]
  [[ $output == *small ]]
  [ "$status" -eq 0 ]
}

@test "files: a full disk under the root file system is the guest's ENOSPC" {
  make_bundle box
  set_command sh -c 'dd if=/dev/zero of=/big bs=64k; rm /big; echo small >/small && cat /small'
  run unshare --mount sh -c "
    mkdir $scratch/small && mount -t tmpfs -o size=8m small $scratch/small && cp -a $bundle/. $scratch/small &&
    $CAISSON --root $state_root run -b $scratch/small box"
  echo "exit $status: $output"
  [[ $output == *"No space left on device"* ]]
  [[ $output == *small ]]
  [ "$status" -eq 0 ]
}
