# SPDX-License-Identifier: Apache-2.0
# A cgroup of its own for what a test starts, in every hierarchy of the host, and a view of the hierarchies that begins
# there.
# shellcheck shell=bash

# Lines of "kind options mountpoint", as mount(8) wants them.
list_hierarchies() {
  awk '{
    for (i = 7; $i != "-"; i++);
    if ($(i + 1) == "cgroup2") { print "cgroup2 defaults " $5 }
    if ($(i + 1) == "cgroup") {
      options = $(i + 3)
      sub(/^r[wo],/, "", options)
      if (options ~ /^name=/) { options = "none," options }
      print "cgroup " options " " $5
    }
  }' /proc/self/mountinfo
}

# join_cgroup NAME HIERARCHIES: makes it where it is not there yet, and moves this shell into it.
join_cgroup() {
  local point file
  while read -r _ _ point; do
    mkdir -p "$point/$1" || return 1
    # A cpuset of v1 begins empty, and nothing can join it until it is filled.
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$point/cgroup.clone_children" ] || [ ! -e "$point/$file" ] || [ -n "$(cat "$point/$1/$file")" ] ||
        cat "$point/$file" >"$point/$1/$file"
    done
    echo $$ >"$point/$1/cgroup.procs" || return 1
  done <<<"$2"
}

# remount_hierarchies HIERARCHIES: in a new cgroup and mount namespace, so that each begins at our own.
remount_hierarchies() {
  local kind options point
  while read -r _ _ point; do
    umount "$point" || return 1
  done <<<"$1"
  # Some tests make directories beside the hierarchies.
  if [ "$(stat -f -c %T /sys/fs/cgroup)" = tmpfs ]; then
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup || return 1
  fi
  while read -r kind options point; do
    mkdir -p "$point" && mount -t "$kind" -o "$options" cgroup "$point" || return 1
  done <<<"$1"
}

# A frozen process cannot be ended, nor can its pid namespace.
thaw_below() {
  find "$@" -mindepth 2 -name freezer.state -execdir sh -c 'echo THAWED >freezer.state' ';' 2>/dev/null
}

# remove_cgroup NAME HIERARCHIES: with all beneath it; its processes have been killed.
remove_cgroup() {
  local point
  while read -r _ _ point; do
    [ -d "$point/$1" ] || continue
    # A killed process holds its cgroup a moment longer, and may even freeze another meanwhile.
    # shellcheck disable=SC2016 # the inner shell expands
    timeout 10 bash -c 'until thaw_below "$1"; find "$1" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.1; done' \
      bash "$point/$1" ||
      echo "could not remove $point/$1" >&2
  done <<<"$2"
}
export -f thaw_below
