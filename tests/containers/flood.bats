#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A guest whose agent is an intruder's, and floods the host with log records, kills for want of memory and console output: what
# of it comes to the log and to a terminal is rationed, and nothing in it is obeyed by one.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# LIMIT: all that one sandbox may bring into the log (docs/threat-model.md), and what caisson itself says of its end.
most=$((256 * 1024 + 32 * 1024))

setup_agent() {
  gcc -O1 -static -Wall -Werror -o "$scratch/agent" "$BATS_TEST_DIRNAME/flood/agent.c"
  "$repository/guest-kernel/initramfs" "$scratch/agent" "$scratch/initramfs.cpio"
}

# harmless FILE: no control character but the ends of lines, also none of those beyond ASCII (C1).
harmless() {
  [ "$(tr -d '\n\t' <"$1" | LC_ALL=C tr -d '\001-\037\177' | wc -c)" -eq "$(tr -d '\n\t' <"$1" | wc -c)" ] || return 1
  run ! grep -q "$(printf '\302[\200-\237]')" "$1"
}

# flood KIND FORMAT: ends by itself, as its guest does.
flood() {
  run -1 env CAISSON_INITRAMFS="$scratch/initramfs.cpio" CAISSON_KERNEL_ARGUMENTS="flood=$1" \
    "$CAISSON" --root "$state_root" --log "$scratch/log.$1" --log-format "$2" run -b "$bundle" box
  echo "$output" >"$scratch/err.$1"
  [[ $output == *"guest kernel stopped"* ]]
  harmless "$scratch/err.$1"
  harmless "$scratch/log.$1"
  [ "$(wc -c <"$scratch/err.$1")" -lt "$most" ]
  [ "$(wc -c <"$scratch/log.$1")" -lt "$most" ]
  # No line is forged: what a guest says stands behind who says it.
  run ! grep -q '^caisson: error: forged' "$scratch/log.$1" "$scratch/err.$1"
  [ -z "$(ls "$state_root")" ]
}

@test "flood: an agent's log records are rationed, and harmless to read" {
  make_bundle box
  setup_agent
  flood log text
  grep -q 'further records are dropped' "$scratch/log.log"
  grep -q 'guest: ?\[H' "$scratch/log.log"
}

@test "flood: so are empty ones, in a log of JSON" {
  make_bundle box
  setup_agent
  flood empty json
  grep -q 'further records are dropped' "$scratch/log.empty"
  jq -es 'all(.[]; .msg and .time)' "$scratch/log.empty"
}

@test "flood: so are kills for want of memory" {
  make_bundle box
  setup_agent
  flood oom text
  grep -q 'further records are dropped' "$scratch/log.oom"
  grep -q 'reached its memory limit' "$scratch/log.oom"
}

@test "flood: so is the console, also where all of it is asked for" {
  make_bundle box '.annotations["org.caisson.console"] = "true"'
  setup_agent
  run -1 env CAISSON_INITRAMFS="$scratch/initramfs.cpio" CAISSON_KERNEL_ARGUMENTS="flood=log loglevel=7" \
    "$CAISSON" --root "$state_root" --debug --log "$scratch/log" run -b "$bundle" box
  grep -q 'forged' "$scratch/log"
  run ! grep -q '^caisson: error: forged' "$scratch/log"
  harmless "$scratch/log"
  [ "$(wc -c <"$scratch/log")" -lt "$most" ]
}

# turn: the guest's agent becomes an intruder's (flood/turned.c).
turn() {
  python3 - "$state_root/box/vsock.sock" <<'PYTHON'
import socket, sys
guest = socket.socket(socket.AF_UNIX)
guest.connect(sys.argv[1])
guest.sendall(b"CONNECT 7777\n")
said = guest.makefile("rb")
assert said.readline().startswith(b"OK ")
assert said.readline() == b"turned\n"
PYTHON
}

@test "flood: an agent that turns into an intruder's later brings no more into the log, and keeps nobody from his work" {
  make_bundle box
  gcc -O1 -static -Wall -Werror -o "$scratch/turned" "$BATS_TEST_DIRNAME/flood/turned.c"
  "$repository/guest-kernel/initramfs" "$scratch/turned" "$scratch/initramfs.cpio"
  cp "$(dirname "$CAISSON")/caisson-agent" "$scratch/agent"
  (cd "$scratch" && echo agent | cpio -o -H newc --quiet) >>"$scratch/initramfs.cpio"
  set_command sleep 1000
  CAISSON_INITRAMFS="$scratch/initramfs.cpio" caisson --log "$scratch/log" run -d -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1
  local before
  before=$(awk '/^VmRSS/ { print $2 }' "/proc/$(cat "$scratch/pid")/status")
  turn
  run -0 timeout 120 "$CAISSON" --root "$state_root" exec box echo still
  [ "$output" = still ]
  [ "$(caisson state box | jq -r .status)" = running ]
  caisson pause box
  caisson resume box
  run -3 timeout 120 "$CAISSON" --root "$state_root" exec box sh -c 'exit 3'
  # LIMIT: 32 MiB, where what was sent, kept, would be far more.
  [ "$(awk '/^VmRSS/ { print $2 }' "/proc/$(cat "$scratch/pid")/status")" -lt $((before + 32768)) ]
  caisson kill box KILL
  tail --pid="$(cat "$scratch/pid")" -f /dev/null
  caisson delete box
  grep -q 'further records are dropped' "$scratch/log"
  harmless "$scratch/log"
  [ "$(wc -c <"$scratch/log")" -lt "$most" ]
}
