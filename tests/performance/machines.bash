# SPDX-License-Identifier: Apache-2.0
# What tests/performance/run compares `caisson do -- true` with: other ways to run one `true` in a sandbox or a machine.
# Each contestant is a function that runs it once, in the foreground, and fails if it did not happen. A plain machine whose
# guest stands still is ended after two minutes.
# shellcheck shell=bash disable=SC2154 # CAISSON and scratch are the caller's

run_caisson() { setsid -w "$CAISSON" --root "$scratch/state" "do" -- true; }

# crun refuses a host that mounts cgroup v2 beside v1: it gets a view without it.
run_crun() {
  # shellcheck disable=SC2016  # expanded inside
  setsid -w unshare --mount sh -c '! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
    exec crun --root "$1/crun" run -b "$1/bundle" performance' sh "$scratch"
}

run_runsc() {
  setsid -w runsc --root "$scratch/runsc" --platform=ptrace --network=none --ignore-cgroups "do" true
}

# The same kernel, memory and kernel command line as Caisson's fallback, with nothing of ours but that kernel.
run_microvm() {
  setsid -w timeout 120 qemu-system-x86_64 -M microvm,acpi=off,pit=off,pic=off,rtc=on,x-option-roms=off -accel tcg,tb-size=128 \
    -cpu max,-erms,-fsrm -m 256M -nodefaults -no-user-config -display none -no-reboot -serial stdio \
    -kernel "$share/vmlinux" -initrd "$scratch/true.cpio" -append "console=ttyS0 quiet panic=-1 reboot=t \
no_timer_check rcupdate.rcu_expedited=1 tsc=reliable mitigations=off lapic_timer_khz=1000000 tsc_early_khz=$tsc_khz" \
    >"$scratch/microvm.console"
  grep -q 'true has run' "$scratch/microvm.console"
}

# What one gets without Caisson: a PC with Debian's kernel for machines in the cloud.
run_q35() {
  setsid -w timeout 120 qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 256M -nodefaults -no-user-config -display none \
    -no-reboot -serial stdio -kernel "$cloud_kernel" -initrd "$scratch/true.cpio" \
    -append 'console=ttyS0 quiet panic=-1' >"$scratch/q35.console"
  grep -q 'true has run' "$scratch/q35.console"
}

# An initramfs whose /init, a busybox shell, runs the very `true` that `caisson do` runs, the host's with its loader and
# libraries, and reboots.
make_true_initramfs() {
  local tree=$scratch/initramfs
  mkdir -p "$tree"/{bin,dev,proc,sys}
  {
    type -P true
    ldd "$(type -P true)" | grep -o '/[^ ]*'
  } | xargs cp --parents --dereference --target-directory="$tree"
  cp /bin/busybox "$tree/bin/busybox"
  mknod "$tree/dev/console" c 5 1
  cat >"$tree/init" <<'INIT'
#!/bin/busybox sh
/usr/bin/true || exec /bin/busybox sleep 1000000
/bin/busybox echo true has run
/bin/busybox reboot -f
INIT
  chmod 755 "$tree/init"
  (cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$scratch/true.cpio"
}

make_true_bundle() {
  mkdir -p "$scratch/bundle/rootfs/bin"
  cp /bin/busybox "$scratch/bundle/rootfs/bin/busybox"
  ln -s busybox "$scratch/bundle/rootfs/bin/true"
  ln -s busybox "$scratch/bundle/rootfs/bin/sleep"
  (cd "$scratch/bundle" && "$CAISSON" spec)
  # Debian 12's crun knows of no version but 1.0.
  configure '.ociVersion = "1.0.2" | .process.terminal = false | .process.args = ["true"] | .root.readonly = false | del(.linux.resources)'
}

configure() {
  jq "$1" "$scratch/bundle/config.json" >"$scratch/config.json"
  mv "$scratch/config.json" "$scratch/bundle/config.json"
}

# Prints the path of Debian's cloud kernel: unpacked from its package into the cache, never installed.
find_cloud_kernel() {
  local cache=${CAISSON_CACHE:-/var/cache/caisson}/performance package work
  package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
  [ -n "$package" ] || {
    echo "find package linux-image-cloud-amd64: not in the package lists; run: apt-get update" >&2
    return 1
  }
  if [ ! -e "$cache/$package" ]; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/fetching.XXXXXX")
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package" >&2 &&
      dpkg-deb --fsys-tarfile ./*.deb | tar -xO --wildcards './boot/vmlinuz-*' >vmlinuz && mv vmlinuz "$cache/$package")
    rm -rf "$work"
  fi
  [ -s "$cache/$package" ] && echo "$cache/$package"
}

# The rate of this host's time stamp counter, by which an emulated one runs.
measure_tsc_khz() {
  cat >"$scratch/tsc.c" <<'C'
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>
static unsigned long long now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC_RAW, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
int main(void)
{
    unsigned long long start = now(), counter = __rdtsc(), end;
    while ((end = now()) - start < 20000000) { }
    printf("%llu\n", (__rdtsc() - counter) * 1000000 / (end - start));
}
C
  gcc -O2 -o "$scratch/tsc" "$scratch/tsc.c" && "$scratch/tsc"
}
