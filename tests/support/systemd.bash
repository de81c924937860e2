# SPDX-License-Identifier: Apache-2.0
# A systemd of a test's own, as process 1 of pid, mount and cgroup namespaces: it has no units but those that are asked of
# it, and ends with all of them.
# shellcheck shell=bash

# shellcheck source=tests/support/cgroups.bash
source "$(dirname "${BASH_SOURCE[0]}")/cgroups.bash"

# The first process of the namespaces. Its /run is its own: nothing of a systemd of the host is there.
become_systemd() {
  remount_hierarchies "$systemd_hierarchies" || exit 1
  # What the tests work in may be beneath /run.
  local temporary
  exec {temporary}<"${TMPDIR:-/tmp}"
  mount -t tmpfs -o mode=755 run /run || exit 1
  [ -d "${TMPDIR:-/tmp}" ] || { mkdir -p "$TMPDIR" && mount --no-canonicalize --bind "/proc/self/fd/$temporary" "$TMPDIR"; } || exit 1
  exec {temporary}<&-
  mkdir -p /run/systemd/system /run/lock
  printf '[Unit]\nDescription=Nothing\nDefaultDependencies=no\n' >/run/systemd/system/caisson-test.target
  # What makes it leave the machine alone: systemd's "Container Interface".
  exec env -i container=caisson-test PATH="$PATH" /lib/systemd/systemd --system --unit=caisson-test.target \
    --log-target=console --show-status=no
}

# start_systemd LOG: $systemd_pid is its process id here; in_systemd runs commands beside it.
start_systemd() {
  systemd_hierarchies=$(list_hierarchies) systemd_cgroup=caisson-systemd.$$.${BATS_TEST_NUMBER:-0}
  export systemd_hierarchies systemd_cgroup systemd_pid
  export -f join_cgroup remount_hierarchies become_systemd
  # shellcheck disable=SC2016 # the inner shells expand
  bash -c 'join_cgroup "$systemd_cgroup" "$systemd_hierarchies" &&
    exec unshare --cgroup --mount --pid --fork --kill-child --mount-proc bash -c become_systemd' \
    >"$1" 2>&1 </dev/null 3>&- 4>&- &
  systemd_starter=$!
  # LIMIT: of a machine that emulates another.
  # shellcheck disable=SC2016 # the inner shell expands
  systemd_pid=$(timeout 120 bash -c 'until systemd=$(pgrep --parent "$1") && [ -S "/proc/$systemd/root/run/systemd/private" ]; do
      sleep 0.1
    done
    echo "$systemd"' bash "$systemd_starter") || {
    echo "systemd does not come up:" >&2
    cat "$1" >&2
    return 1
  }
  # The one process that is left where systemd's root is would keep it from giving controllers to units.
  # shellcheck disable=SC2016 # the inner shell expands
  bash -c 'join_cgroup "$systemd_cgroup/commands" "$systemd_hierarchies"'
  local point
  while read -r _ _ point; do
    echo "$systemd_starter" >"$point/$systemd_cgroup/commands/cgroup.procs"
  done <<<"$systemd_hierarchies"
}

# From a cgroup of its namespace: with nsdelegate nothing can be moved into that from outside.
in_systemd() {
  # shellcheck disable=SC2016 # the inner shell expands
  bash -c 'join_cgroup "$systemd_cgroup/commands" "$systemd_hierarchies" && exec nsenter --target "$systemd_pid" \
    --mount --pid --cgroup -- "$@"' in_systemd "$@"
}

stop_systemd() {
  [ -n "${systemd_starter:-}" ] || return 0
  kill -KILL "$systemd_starter" && wait "$systemd_starter"
  systemd_starter=
  remove_cgroup "$systemd_cgroup" "$systemd_hierarchies"
}
