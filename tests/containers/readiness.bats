#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# sd_notify(3) out of a container: NOTIFY_SOCKET (docs/configuration.md, "Readiness").

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# make_service: a bundle that has the program `notify`.
make_service() {
  make_bundle box "$@"
  gcc -O1 -static -o "$bundle/rootfs/bin/notify" "$repository/tests/containers/readiness/notify.c"
}

# under_manager SOCKET ARGUMENT…: caisson with those arguments, beneath a service manager.
under_manager() {
  local socket=$1
  shift
  "$repository/tests/containers/readiness/service_manager" "$socket" "$CAISSON" --root "$state_root" "$@"
}

@test "readiness: READY=1 is passed on once, and nothing else is" {
  make_service
  set_command notify STATUS=starting $'STATUS=up\nREADY=1\nMAINPID=1' READY=1 ERRNO=5 WATCHDOG=trigger
  under_manager "$scratch/socket" run -b "$bundle" box >"$scratch/out"
  cat "$scratch/out"
  [ "$(cat "$scratch/out")" = "received 'READY=1'" ]
}

@test "readiness: a container that is never ready is not said to be" {
  make_service
  set_command notify STATUS=starting READY=11 ' READY=1' READY=0
  under_manager "$scratch/socket" run -b "$bundle" box >"$scratch/out"
  [ ! -s "$scratch/out" ]
}

@test "readiness: a detached container's main process is caisson-vmm" {
  make_service
  set_command notify READY=1
  # The manager's command ends when the container has: `run --detach` alone would end before READY=1.
  # shellcheck disable=SC2016 # the inner shell expands
  "$repository/tests/containers/readiness/service_manager" "$scratch/socket" sh -c '"$@" && tail --pid="$(cat "$0")" -f /dev/null' \
    "$scratch/pid" "$CAISSON" --root "$state_root" run --detach -b "$bundle" --pid-file "$scratch/pid" box \
    </dev/null >"$scratch/out" 2>"$scratch/err"
  cat "$scratch/out" "$scratch/err"
  [ "$(cat "$scratch/out")" = "received 'READY=1\\nMAINPID=$(cat "$scratch/pid")'" ]
  caisson delete box
}

@test "readiness: the socket is where NOTIFY_SOCKET says, alone in a directory, for any user, on a read-only root" {
  make_service '.root.readonly = true | .process.user = {"uid": 1000, "gid": 1000}'
  # shellcheck disable=SC2016 # the container's shell expands
  set_command sh -c 'echo $NOTIFY_SOCKET; cd ${NOTIFY_SOCKET%/*}; ls -A; touch x 2>/dev/null || echo sealed; notify READY=1'
  under_manager "$scratch/socket" run -b "$bundle" box >"$scratch/out"
  cat "$scratch/out"
  [ "$(cat "$scratch/out")" = "$scratch/socket/notify
notify
sealed
received 'READY=1'" ]
}

@test "readiness: an abstract socket's is in /run/notify, and the bundle's own NOTIFY_SOCKET gives way" {
  make_service '.process.env += ["NOTIFY_SOCKET=/elsewhere"]'
  # shellcheck disable=SC2016 # the container's shell expands
  set_command sh -c 'echo $NOTIFY_SOCKET; env | grep -c NOTIFY_SOCKET; notify READY=1'
  under_manager "@caisson-test-$unique" run -b "$bundle" box >"$scratch/out"
  cat "$scratch/out"
  [ "$(cat "$scratch/out")" = "/run/notify/notify
1
received 'READY=1'" ]
}

@test "readiness: a service manager that is not there is a warning, a name that is none an error" {
  make_service
  set_command notify READY=1
  NOTIFY_SOCKET=$scratch/nobody run --separate-stderr caisson run -b "$bundle" box
  [ "$status" -eq 0 ]
  [[ $stderr == *"$scratch/nobody cannot be reached"* ]]
  NOTIFY_SOCKET=relative run --separate-stderr caisson run -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $stderr == *'NOTIFY_SOCKET: "relative" is neither an absolute path nor an abstract name'* ]]
}

@test "readiness: without NOTIFY_SOCKET there is none" {
  make_service
  set_command notify READY=1
  run -2 caisson run -b "$bundle" box
  [[ $output == *"no NOTIFY_SOCKET"* ]]
}
