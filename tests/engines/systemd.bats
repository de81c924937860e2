#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman and containerd with systemd as the manager of cgroups, which is what both do on a host that systemd started.

load ../support/engines
load ../support/systemd
bats_require_minimum_version 1.5.0

setup_file() {
  start_podman
  start_systemd "$ENGINES_SCRATCH/systemd.log"
}

teardown_file() {
  remove_containers
  stop_systemd
  no_container_left
}

by_systemd() { in_systemd podman --cgroup-manager systemd "$@"; }

@test "podman with systemd: a container is in a scope of machine.slice, its limits are the scope's" {
  by_systemd run --detach --name box --network none --memory 128m --cpus 0.5 busybox sleep 1000 2>"$BATS_TEST_TMPDIR/err"
  local scope
  scope=libpod-$(by_systemd inspect --format '{{.Id}}' box).scope
  [ "$(in_systemd systemctl show --property ControlGroup --value "$scope")" = "/machine.slice/$scope" ]
  [ "$(in_systemd systemctl show --property CPUQuotaPerSecUSec --value "$scope")" = 500ms ]
  [ "$(by_systemd exec box echo inside)" = inside ]
  by_systemd update --cpus 0.75 box
  [ "$(in_systemd systemctl show --property CPUQuotaPerSecUSec --value "$scope")" = 750ms ]
  by_systemd stop --time 0 box
  [ "$(in_systemd systemctl show --property ActiveState --value "$scope")" = inactive ]
  by_systemd rm box
}

@test "podman with systemd: a container of a pod with an infra container" {
  by_systemd pod create --name pod --network none --share net
  run by_systemd run --rm --pod pod busybox echo inside
  echo "$output"
  [ "${lines[-1]}" = inside ]
  by_systemd pod rm --force --time 0 pod
}
