# SPDX-License-Identifier: Apache-2.0
# What the engine tests share: a store in memory, an image of static busybox, and a check that nothing of a container is
# left. Works only inside the namespaces that tests/engines/run makes.
# shellcheck shell=bash

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CAISSON=${CAISSON:-$repository/build/release/bin/caisson}
: "${ENGINES_SCRATCH:?run these tests by tests/engines/run}"

# make_image: the archive of a root file system of busybox, $image.
make_image() {
  image=$ENGINES_SCRATCH/image.tar
  [ ! -e "$image" ] || return 0
  local root=$ENGINES_SCRATCH/image applet
  mkdir -p "$root"/{bin,etc,root,tmp,data}
  chmod 1777 "$root/tmp"
  cp /bin/busybox "$root/bin/busybox"
  for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
  done
  printf '%s\n' root:x:0:0:root:/root:/bin/sh guest:x:1000:1000::/tmp:/bin/sh >"$root/etc/passwd"
  printf '%s\n' root:x:0: guest:x:1000: >"$root/etc/group"
  echo original >"$root/data/file"
  tar -C "$root" -cf "$image" .
}

# start_podman: puts a `podman` first in PATH that has a store of its own and caisson as its runtime.
start_podman() {
  make_image
  local store=$ENGINES_SCRATCH/podman
  mkdir -p "$store/bin"
  cat >"$store/bin/podman" <<SCRIPT
#!/bin/sh
exec $(command -v podman) --root $store/root --runroot $store/run --tmpdir $store/tmp --storage-driver overlay \\
  --cgroup-manager cgroupfs --events-backend file --network-config-dir $store/cni --runtime "$CAISSON" "\$@"
SCRIPT
  chmod +x "$store/bin/podman"
  export PATH=$store/bin:$PATH
  podman import -c 'CMD ["sh"]' "$image" busybox >/dev/null
}

# remove_containers: what a failed test left, so that the next one starts clean.
remove_containers() {
  podman pod rm --all --force --time 0 >/dev/null
  podman rm --all --force --time 0 >/dev/null
}

# Every machine has gone, with its state, its mounts and its cgroups.
no_container_left() {
  local left=0
  if pgrep -x 'caisson|caisson-vmm|qemu-system-x86|conmon' >/dev/null; then
    echo "left running: $(pgrep -a -x 'caisson|caisson-vmm|qemu-system-x86|conmon')" >&2
    left=1
  fi
  if [ -n "$(ls -A /run/caisson 2>/dev/null)" ]; then
    echo "left in the state directory: $(ls -A /run/caisson)" >&2
    left=1
  fi
  if grep -q "$ENGINES_SCRATCH/.*/merged" /proc/mounts; then
    echo "left mounted: $(grep "$ENGINES_SCRATCH/.*/merged" /proc/mounts)" >&2
    left=1
  fi
  return "$left"
}
