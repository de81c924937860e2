# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# install_busybox ROOT: static busybox and a link for each of its commands, into ROOT/bin.
install_busybox() {
  mkdir -p "$1/bin"
  cp /bin/busybox "$1/bin/busybox"
  # One process instead of one a link: in the testbed those were most of a test's time.
  chroot "$1" /bin/busybox --install -s /bin
}
