#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Files of a Debian container, on its root file system and on a volume that the host writes too: what POSIX and Linux promise,
# a file used at random (FSX_OPERATIONS=200000 for a long run), what others change, access control lists.

load ../support/guest

setup_file() {
  local source=$BATS_TEST_DIRNAME/../devices/fs tool
  cp -a --reflink=auto "$("$BATS_TEST_DIRNAME/../containers/rootfs/make_debian" | tail -n 1)" "$BATS_FILE_TMPDIR/rootfs"
  mkdir "$BATS_FILE_TMPDIR/rootfs/tools"
  for tool in semantics fsx coherence; do
    gcc -O1 -static -o "$BATS_FILE_TMPDIR/rootfs/tools/$tool" "$source/$tool.c"
  done
  cp "$BATS_TEST_DIRNAME/acl.py" "$BATS_FILE_TMPDIR/rootfs/tools/"
}
setup() {
  setup_sandbox_root
  mkdir "$scratch/shared"
  tools=$BATS_FILE_TMPDIR/rootfs/tools
}
teardown() { teardown_sandbox_root; }

# make_debian_bundle COMMAND…: with the volume at /mnt, and what root may.
make_debian_bundle() {
  bundle=$scratch/debian
  mkdir "$bundle"
  (cd "$bundle" && "$CAISSON" spec)
  configure ".root = {path: \"$BATS_FILE_TMPDIR/rootfs\", readonly: false} | .process.terminal = false | .process.env += [\"HOME=/root\"]"
  configure ".mounts += [{destination: \"/mnt\", type: \"bind\", source: \"$scratch/shared\", options: [\"rbind\", \"rw\"]}]"
  configure '.process.capabilities[] += ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETUID", "CAP_SETGID", "CAP_SYS_RESOURCE"]'
  set_command "$@"
}

# debian_says COMMAND…: it must end well.
debian_says() {
  make_debian_bundle "$@"
  run caisson run -b "$bundle" debian
  echo "exit $status: $output"
  [ "$status" -eq 0 ]
}

@test "debian files: what POSIX and Linux promise, on the root file system" { debian_says sh -c 'mkdir -p /work && /tools/semantics /work'; }
@test "debian files: what POSIX and Linux promise, on a volume" { debian_says /tools/semantics /mnt; }

@test "debian files: used at random, on the root file system" { debian_says /tools/fsx /root/fsx "${FSX_OPERATIONS:-2000}" "${FSX_SEED:-1}"; }
@test "debian files: used at random, on a volume" { debian_says /tools/fsx /mnt/fsx "${FSX_OPERATIONS:-2000}" "${FSX_SEED:-2}"; }

@test "debian files: access control lists, on the root file system" { debian_says sh -c 'mkdir -p /acl && python3 /tools/acl.py /acl'; }
@test "debian files: access control lists, on a volume" { debian_says python3 /tools/acl.py /mnt; }

@test "debian files: what the host changes is seen at once" {
  make_debian_bundle /tools/coherence look /mnt
  run "$tools/coherence" drive "$scratch/shared" "${COHERENCE_ROUNDS:-30}" "$CAISSON" --root "$state_root" run -b "$bundle" debian
  echo "$output"
  [ "$status" -eq 0 ]
}
