#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where, and that it is whole: it runs a container without the build tree's files.

load ../support/guest

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

build=$(dirname "$(dirname "$CAISSON")")

@test "install: the files that the page names, readable by all, and none that hangs on the cache" {
  DESTDIR=$scratch/package cmake --install "$build" --prefix /usr >"$scratch/out"
  [ "$(cd "$scratch/package" && find . -type f -printf '%m %P\n' | sort -k2)" = "755 usr/bin/caisson
755 usr/libexec/caisson/caisson-vmm
644 usr/share/caisson/initramfs.cpio
644 usr/share/caisson/vmlinux" ]
  [ -z "$(find "$scratch/package" -type l)" ]
}

@test "install: what is installed runs a container, also after it is moved and through a link" {
  cmake --install "$build" --prefix "$scratch/here" >"$scratch/out"
  mv "$scratch/here" "$scratch/there"
  ln -s there/bin/caisson "$scratch/link"
  # Nothing of the tree is there for it.
  run "$scratch/link" --root "$state_root" check
  [ "$status" -eq 0 ]
  [[ $output == *"$scratch/there/bin/../libexec/caisson/caisson-vmm"* ]]
  [[ $output == *"$scratch/there/bin/../share/caisson/vmlinux"* ]]
  run "$scratch/link" --root "$state_root" "do" -- uname -s
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = Linux ]
}

@test "install: a piece that is missing is named, and what to do about it" {
  cmake --install "$build" --prefix "$scratch/here" >"$scratch/out"
  rm "$scratch/here/share/caisson/vmlinux"
  run "$scratch/here/bin/caisson" --root "$state_root" "do" -- true
  [ "$status" -ne 0 ]
  [[ $output == *"find the guest kernel at $scratch/here/bin/../share/caisson/vmlinux (install it, or set CAISSON_KERNEL)"* ]]
  run "$scratch/here/bin/caisson" --root "$state_root" check
  [ "$status" -ne 0 ]
  [[ $output == *"share/caisson/vmlinux"* ]]
}
