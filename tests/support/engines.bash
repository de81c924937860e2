# SPDX-License-Identifier: Apache-2.0
# What the engine tests share: a store in memory, an image of static busybox, and a check that nothing of a container is
# left. Works only inside the namespaces that tests/engines/run makes.
# shellcheck shell=bash

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CAISSON=${CAISSON:-$repository/build/release/bin/caisson}
# shellcheck source=tests/support/busybox.bash
source "$repository/tests/support/busybox.bash"
: "${ENGINES_SCRATCH:?run these tests by tests/engines/run}"

# make_image: the archive of a root file system of busybox, $image.
make_image() {
  image=$ENGINES_SCRATCH/image.tar
  [ ! -e "$image" ] || return 0
  local root=$ENGINES_SCRATCH/image
  mkdir -p "$root"/{etc,root,tmp,data}
  chmod 1777 "$root/tmp"
  install_busybox "$root"
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

# start_docker: a dockerd and its containerd of our own, with caisson as the runtime; a `docker` first in PATH that talks to
# it. No bridge, no packet filter: nothing of the host's network is touched.
start_docker() {
  make_image
  local store=$ENGINES_SCRATCH/docker
  mkdir -p "$store/bin"
  cat >"$store/bin/docker" <<SCRIPT
#!/bin/sh
exec /usr/bin/docker --host unix:///run/docker.sock "\$@"
SCRIPT
  chmod +x "$store/bin/docker"
  export PATH=$store/bin:$PATH HOME=$store
  /usr/sbin/dockerd --host unix:///run/docker.sock --pidfile /run/docker.pid --data-root "$store/root" \
    --exec-root /run/docker --storage-driver overlay2 --exec-opt native.cgroupdriver=cgroupfs \
    --cgroup-parent /caisson-engines-docker --bridge none --iptables=false --ip6tables=false --ip-masq=false \
    --add-runtime "caisson=$CAISSON" --default-runtime caisson >"$ENGINES_SCRATCH/dockerd.log" 2>&1 3>&- &
  timeout 60 sh -c 'until docker version; do sleep 0.2; done' >/dev/null 2>&1 || {
    cat "$ENGINES_SCRATCH/dockerd.log" >&2
    return 1
  }
  docker import -c 'CMD ["sh"]' "$image" busybox >/dev/null
}

stop_docker() {
  local pid
  pid=$(cat /run/docker.pid)
  kill "$pid"
  timeout 30 tail --pid="$pid" -f /dev/null
}

# start_containerd: a containerd of our own and the image in it, $reference.
start_containerd() {
  make_image
  local store=$ENGINES_SCRATCH/containerd
  mkdir -p "$store"
  export CONTAINERD_ADDRESS=/run/engines-containerd/containerd.sock reference=localhost/busybox:latest
  printf '%s\n' 'version = 2' "root = '$store/root'" "state = '/run/engines-containerd'" \
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]' '[grpc]' "address = '$CONTAINERD_ADDRESS'" >"$store/config.toml"
  containerd --config "$store/config.toml" >"$ENGINES_SCRATCH/containerd.log" 2>&1 3>&- &
  echo $! >"$store/pid"
  timeout 60 sh -c 'until ctr version; do sleep 0.2; done' >/dev/null 2>&1 || {
    cat "$ENGINES_SCRATCH/containerd.log" >&2
    return 1
  }
  make_docker_archive "$store/archive.tar"
  ctr image import "$store/archive.tar" >/dev/null
}

stop_containerd() {
  local pid
  pid=$(cat "$ENGINES_SCRATCH/containerd/pid")
  kill "$pid"
  timeout 30 tail --pid="$pid" -f /dev/null
}

# make_docker_archive FILE: the image as `docker save` would write it.
make_docker_archive() {
  local layout=$ENGINES_SCRATCH/archive digest
  mkdir -p "$layout"
  cp "$image" "$layout/layer.tar"
  digest=$(sha256sum "$layout/layer.tar" | cut -d' ' -f1)
  jq -n --arg digest "sha256:$digest" '{architecture: "amd64", os: "linux",
    config: {Cmd: ["sh"], Env: ["PATH=/bin"]}, rootfs: {type: "layers", diff_ids: [$digest]}}' >"$layout/config.json"
  jq -n --arg name "$reference" '[{Config: "config.json", RepoTags: [$name], Layers: ["layer.tar"]}]' \
    >"$layout/manifest.json"
  tar -C "$layout" -cf "$1" manifest.json config.json layer.tar
}

# remove_containers: what a failed test left, so that the next one starts clean.
remove_containers() {
  podman pod rm --all --force --time 0 >/dev/null
  podman rm --all --force --time 0 >/dev/null
}

# Every machine has gone, with its state, its mounts and its cgroups.
no_container_left() {
  local left=0 program pid
  for program in caisson caisson-vmm qemu-system-x86 conmon; do
    for pid in $(pgrep -x "$program"); do
      # A monitor outlives `podman rm` by a moment.
      timeout 20 tail --pid="$pid" -f /dev/null || {
        echo "left running: $(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2
        left=1
      }
    done
  done
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
