#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# File systems in images that a container mounts by loop devices, made here by this host's tools.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() {
  setup_sandbox_root
  make_bundle box '.linux.maskedPaths = [] | .linux.resources.devices = [{allow: true, access: "rwm"}]
    | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_MKNOD"])
    | .linux.devices = [{path: "/dev/loop-control", type: "c", major: 10, minor: 237}, {path: "/dev/loop0", type: "b", major: 7, minor: 0}]'
  mkdir "$bundle/rootfs/image"
  image=$bundle/rootfs/disk
}
teardown() { teardown_sandbox_root; }

# mounts TYPE [OPTIONS]: whether the container can mount $image, and what lies in it then.
mounts() {
  set_command sh -c "mount -t $1 -o loop${2:+,$2} /disk /image && cat /image/file* /image/FILE* 2>/dev/null"
  run --separate-stderr caisson run -b "$bundle" box </dev/null
  echo "$output $stderr"
  [[ $output == *"what lies there"* ]]
}
content() {
  mkdir "$scratch/content"
  echo "what lies there" >"$scratch/content/file"
}

@test "images: ext4, written to" {
  truncate -s 20M "$image"
  mkfs.ext4 -q "$image"
  set_command sh -c 'mount -o loop /disk /image && echo written >/image/file && umount /image && mount -o loop,ro /disk /image && cat /image/file'
  run --separate-stderr caisson run -b "$bundle" box </dev/null
  echo "$output $stderr"
  [ "$output" = written ]
}

@test "images: squashfs, however it is packed" {
  local method
  content
  for method in gzip lz4 lzo xz zstd; do
    rm -f "$image"
    mksquashfs "$scratch/content" "$image" -comp "$method" -quiet -no-progress >/dev/null
    mounts squashfs ro
  done
}

@test "images: erofs" {
  content
  mkfs.erofs -zlz4 "$image" "$scratch/content" >/dev/null
  mounts erofs ro
}

@test "images: iso9660 and vfat, as boot media are" {
  content
  xorriso -as mkisofs -quiet -J -o "$image" "$scratch/content"
  mounts iso9660 ro
  rm -f "$image"
  truncate -s 20M "$image"
  mkfs.vfat "$image" >/dev/null
  mcopy -i "$image" "$scratch/content/file" ::file
  mounts vfat
}
