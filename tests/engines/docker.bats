#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# dockerd with caisson as its runtime, through containerd's shim for runc.

load ../support/engines
bats_require_minimum_version 1.5.0

setup_file() {
  start_docker
  docker run --detach --name box --network none --hostname boxhost --memory 128m --pids-limit 60 busybox \
    sh -c 'trap "echo got TERM; exit 5" TERM; echo out; echo err >&2; while :; do sleep 0.2; done'
}

teardown_file() {
  # shellcheck disable=SC2046 # ids, one word each
  docker rm --force $(docker ps --all --quiet) 2>/dev/null || true
  stop_docker
  no_container_left
}

once() { docker run --rm --network none "$@"; }
at_terminal() { timeout 60 script -qec "stty rows 33 cols 77; $*" /dev/null; }

@test "docker run: a kernel of its own, streams apart, the exit code, standard input" {
  code=0
  once --interactive busybox sh -c 'uname -r; cat; echo err >&2; exit 3' <<<"through" \
    >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || code=$?
  [ "$code" -eq 3 ]
  [[ $(head -n 1 "$BATS_TEST_TMPDIR/out") == *caisson* ]]
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = through ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
}

@test "docker run: user, limits, capabilities, init, read-only root, volumes" {
  mkdir -m 777 "$BATS_TEST_TMPDIR/bind"
  run once --init --read-only --user guest --workdir /data --cap-drop all --ulimit nofile=100:200 \
    --tmpfs /scratch --volume "$BATS_TEST_TMPDIR/bind:/bind" --volume kept:/kept busybox sh -c '
      echo "ids $(id -un) $(id -u); directory $(pwd); files $(ulimit -Sn) $(ulimit -Hn)"
      grep CapBnd /proc/self/status
      touch /data/new
      touch /scratch/new && echo "scratch written"
      cat /proc/1/comm
      echo guest >/bind/from-guest'
  [ "$status" -eq 0 ]
  [[ $output == *"ids guest 1000; directory /data; files 100 200"* ]]
  [[ $output == *"CapBnd:"?"0000000000000000"* ]]
  [[ $output == *"/data/new: Read-only file system"* ]]
  [[ $output == *"scratch written"* ]]
  [[ $output == *docker-init* ]]
  [ "$(cat "$BATS_TEST_TMPDIR/bind/from-guest")" = guest ]
}

@test "docker run: a terminal, and its exit code" {
  run at_terminal docker run --rm -it --network none busybox sh -c "'tty; exit 4'"
  [ "$status" -eq 4 ]
  [[ $output == *"/dev/pts/0"* ]]
}

@test "docker run: what cannot be is refused with a reason" {
  run docker run --rm --network host busybox true
  [ "$status" -ne 0 ]
  [[ $output == *"a VM cannot use the host's network stack"* ]]
  run -127 once busybox no-such-command
  [[ $output == *'"no-such-command": executable file not found'* ]]
}

@test "docker exec: exit codes, input, at a terminal" {
  run docker exec box sh -c 'hostname; exit 9'
  [ "$status" -eq 9 ]
  [ "$output" = boxhost ]
  [ "$(echo through | docker exec --interactive box cat)" = through ]
  # No size: docker 20.10's client gives up telling it before a machine has started the process.
  run at_terminal docker exec -it box sh -c "'tty; exit 4'"
  [ "$status" -eq 4 ]
  [[ $output == *"/dev/pts/"* ]]
}

@test "docker top, stats: of the machine, as the host sees it" {
  run docker top box
  [ "$status" -eq 0 ]
  [[ $output == *"caisson-vmm"* ]]
  run docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' box
  [ "$status" -eq 0 ]
  [ "${output##* }" -gt 0 ]
}

@test "docker pause, unpause, update" {
  docker pause box
  [ "$(docker inspect box --format '{{.State.Status}}')" = paused ]
  docker unpause box
  docker update --memory 96m --memory-swap 96m box
  # Without a cgroup namespace too, what is mounted there is the container's own.
  run docker exec box cat /sys/fs/cgroup/memory.max
  [ "$output" = 100663296 ]
}

@test "docker cp, commit, logs" {
  echo host >"$BATS_TEST_TMPDIR/file"
  docker cp "$BATS_TEST_TMPDIR/file" box:/data/copied
  [ "$(docker exec box cat /data/copied)" = host ]
  docker exec box sh -c 'echo guest >/data/made'
  docker cp box:/data/made "$BATS_TEST_TMPDIR/made"
  [ "$(cat "$BATS_TEST_TMPDIR/made")" = guest ]
  docker commit box changed
  [ "$(once changed cat /data/made)" = guest ]
  [ "$(docker logs box 2>/dev/null)" = out ]
}

@test "docker stop, start, kill, rm" {
  docker stop --time 20 box
  [ "$(docker inspect box --format '{{.State.ExitCode}}')" = 5 ]
  docker start box
  docker kill box
  [ "$(docker wait box)" = 137 ]
  docker rm box
}

# ended NAME: waits for a container's end, and says what docker makes of it.
ended() {
  docker wait "$1" >/dev/null
  docker inspect "$1" --format '{{.State.OOMKilled}} {{.State.ExitCode}}'
  docker rm "$1" >/dev/null
}

@test "docker run: a container past its memory limit is killed, and known to be; another that is killed is not" {
  docker run --detach --name greedy --network none --memory 64m --memory-swap 64m busybox \
    dd if=/dev/zero of=/dev/null bs=200M count=1
  [ "$(ended greedy)" = "true 137" ]
  docker run --detach --name killed --network none --memory 64m busybox sleep 1000
  docker kill killed
  [ "$(ended killed)" = "false 137" ]
}

@test "docker run: a killed process that the first one survives is the guest's own affair" {
  docker run --detach --name survivor --network none --memory 64m --memory-swap 64m busybox \
    sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; exit 3'
  [ "$(ended survivor)" = "false 3" ]
}
