#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# File system timings in the guest, one figure a line. Run by tests/devices/fs/run; compare within one run of the host only.
cd /mnt/work || exit 1
now() { awk '{ print int($1 * 100) }' /proc/uptime; } # centiseconds
timed() {
  name=$1
  shift
  start=$(now)
  "$@" >/dev/null 2>&1 || echo "FAIL $name"
  echo "$name $(($(now) - start))0 ms"
}
drop() { echo 3 >/proc/sys/vm/drop_caches; }
small_files() {
  mkdir small
  i=0
  while [ $i -lt 1000 ]; do
    echo contents >small/$i
    i=$((i + 1))
  done
}
read_small() { cat small/*; }
stat_storm() { i=0; while [ $i -lt 5 ]; do ls -l small; i=$((i + 1)); done; }

timed write-128M-by-1M dd if=/dev/zero of=big bs=1M count=128
timed write-4M-by-4k dd if=/dev/zero of=blocks bs=4k count=1024
drop
timed read-128M-by-1M dd if=big of=/dev/null bs=1M
timed read-128M-cached dd if=big of=/dev/null bs=1M
drop
timed read-32M-by-4k dd if=big of=/dev/null bs=4k count=8192
timed create-1000-files small_files
drop
timed read-1000-files read_small
drop
timed stat-1000-files-cold ls -l small
timed stat-5000-files-warm stat_storm
timed remove-1000-files rm -r small
rm -f big blocks
