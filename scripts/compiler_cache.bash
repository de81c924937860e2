# SPDX-License-Identifier: Apache-2.0
# Sourced by whatever builds: compiles through ccache where it is installed. The cache lies beside the guest kernel's,
# outside the tree, and serves every clone; CCACHE_DIR and its like, where set, are left alone.
# shellcheck shell=bash
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  caisson_cache=${CAISSON_CACHE:-/var/cache/caisson}
  if mkdir -p "$caisson_cache/ccache" 2>/dev/null && [ -w "$caisson_cache/ccache" ]; then
    export CCACHE_DIR=${CCACHE_DIR:-$caisson_cache/ccache}
  fi
  # Clones in other directories find the same objects; precompiled headers need the sloppiness.
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$(pwd)} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
  export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros} CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-3G}
fi
