#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hostile bundles: configurations that break every rule, and containers that try the ways out which other runtimes once
# left open. Each is one clear error, or stays inside.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# refused FILTER TEXT: with the filter applied, `run` fails at once with one line that holds TEXT.
refused() {
  cp "$bundle/good.json" "$bundle/config.json"
  configure "$1"
  run caisson run -b "$bundle" box
  if [ "$status" -ne 1 ] || [[ $output != *"$2"* ]] || [ "${#lines[@]}" -gt 2 ] || [ -n "$(ls -A "$state_root")" ]; then
    echo "$1: exit $status, expected an error with $2: $output"
    return 1
  fi
}

@test "hostile: required fields that are missing are named" {
  make_bundle box
  cp "$bundle/config.json" "$bundle/good.json"
  refused 'del(.ociVersion)' 'ociVersion is missing'
  refused 'del(.root)' 'root is missing'
  refused 'del(.root.path)' 'root: path is missing'
  refused 'del(.process)' 'process: is missing'
  refused 'del(.process.args)' process.args
  refused '.process.args = []' process.args
  refused 'del(.process.cwd)' 'process: cwd is missing'
  refused '.process.cwd = "relative"' process.cwd
  refused '.mounts += [{"type": "tmpfs", "source": "tmpfs"}]' 'destination is missing'
  refused '.linux.namespaces += [{"path": "/proc/1/ns/net"}]' 'type is missing'
  refused '.hooks = {"prestart": [{"args": ["x"]}]}' 'hooks.prestart[0]: path is missing'
  refused '.process.rlimits = [{"soft": 1, "hard": 1}]' 'process.rlimits[0]: type is missing'
  refused '.linux.devices = [{"path": "/dev/x"}]' 'linux.devices[0]: type is missing'
  refused '.linux.seccomp = {"syscalls": []}' 'linux.seccomp: defaultAction is missing'
}

@test "hostile: fields of the wrong type are named" {
  make_bundle box
  cp "$bundle/config.json" "$bundle/good.json"
  local field
  for field in .ociVersion .root .root.path .root.readonly .process .process.args '.process.args[0]' .process.env \
    .process.cwd .process.user .process.user.uid .process.capabilities .process.noNewPrivileges .hostname .mounts \
    '.mounts[0]' '.mounts[0].destination' '.mounts[0].options' .linux .linux.namespaces .linux.resources \
    .linux.maskedPaths .process.rlimits .annotations .hooks; do
    refused "$field = 3.5" "$(sed 's/^\.//' <<<"$field")"
  done
  refused '.process.user.uid = -1' process.user.uid
  refused '.process.user.uid = 4294967296' process.user.uid
  refused '.linux.resources.memory.limit = "1G"' linux.resources.memory.limit
}

@test "hostile: text that is no JSON, or too much of it" {
  make_bundle box
  cp "$bundle/config.json" "$bundle/good.json"
  refused '.process.args = ["sh\u0000x"]' 'process.args[0]'
  refused '.process.env = ["A=\u0000"]' 'process.env[0]'
  refused '.root.path = "rootfs\u0000"' root.path

  sed 's/"cwd": "\/"/"cwd": "\/\xff"/' "$bundle/good.json" >"$bundle/config.json"
  run ! cmp -s "$bundle/good.json" "$bundle/config.json"
  run caisson run -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $output == *config.json* ]]

  { head -c 200000 /dev/zero | tr '\0' '['; } >"$bundle/config.json"
  run caisson run -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $output == *config.json* ]]

  { printf '{"ociVersion": "1.0.2", "x": "' && head -c 10000000 /dev/zero | tr '\0' 'x' && printf '"}'; } >"$bundle/config.json"
  run caisson run -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $output == *config.json* ]]
  [ "${#output}" -lt 1000 ]

  mkfifo "$bundle/fifo"
  mv "$bundle/fifo" "$bundle/config.json"
  run timeout 10 "$CAISSON" --root "$state_root" run -b "$bundle" box
  [ "$status" -eq 1 ]
}

@test "hostile: a container id cannot name another place" {
  make_bundle box
  local id
  for id in .. . ../x a/b "$(printf 'a\nb')" '' "$(head -c 2000 /dev/zero | tr '\0' a)"; do
    run caisson create -b "$bundle" "$id"
    [ "$status" -ne 0 ]
    [ -z "$(ls -A "$state_root")" ]
  done
}

# CVE-2021-30465 and its kin: the root file system's own links decide where a mount lands.
@test "hostile: links in the root file system lead no mount out of it" {
  make_bundle box
  mkdir "$scratch/outside" "$scratch/source"
  echo secret >"$scratch/outside/file"
  echo mounted >"$scratch/source/file"
  ln -s "../../../../../../../../../..$scratch/outside" "$bundle/rootfs/up"
  ln -s "$scratch/outside" "$bundle/rootfs/absolute"
  ln -s /proc/self/cwd/../../.. "$bundle/rootfs/magic"
  configure ".mounts += [
    {destination: \"/up\", type: \"bind\", source: \"$scratch/source\", options: [\"bind\"]},
    {destination: \"/absolute/deeper\", type: \"tmpfs\", source: \"tmpfs\", options: [\"mode=755\"]},
    {destination: \"/magic/here\", type: \"tmpfs\", source: \"tmpfs\", options: []}]"
  set_command sh -c "cat /up/file; cat $scratch/outside/file; touch /absolute/deeper/made; ls /absolute/deeper; exit 3"
  run caisson run -b "$bundle" box
  echo "exit $status: $output"
  # Each mount has landed, where its links lead inside the root file system.
  [ "$status" -eq 3 ]
  [ "${lines[0]}" = mounted ]
  [ "${lines[-1]}" = made ]
  [[ $output != *secret* ]]
  [ ! -e "$scratch/outside/deeper" ]
  [ "$(ls "$scratch/outside")" = file ]
  [ ! -e /here ]
}

# CVE-2024-21626: a descriptor the runtime forgot is a way to another root.
@test "hostile: no descriptor of the runtime's is a working directory" {
  make_bundle box
  set_command sleep 1000
  caisson create -b "$bundle" box </dev/null >/dev/null 2>&1
  caisson start box
  local fd
  for fd in 3 4 5 6 7 8 9 10 11 12; do
    run caisson exec --cwd "/proc/self/fd/$fd" box sh -c 'ls -d ../../../../init 2>/dev/null; echo reached'
    [ "$status" -ne 0 ] || [[ $output != */init* ]]
  done
  # What the process itself is given: three streams, and the directory `ls` reads.
  run caisson exec box ls /proc/self/fd
  [ "$output" = $'0\n1\n2\n3' ]
  caisson delete --force box
}

# CVE-2019-5736: whoever runs or opens /proc/self/exe gets at the runtime's program.
@test "hostile: /proc/self/exe is no way to the runtime" {
  make_bundle box
  local before
  before=$(cat "$CAISSON" "$(dirname "$CAISSON")/../share/initramfs.cpio" | sha256sum)
  set_command /proc/self/exe --version
  run caisson run -b "$bundle" box
  [ "$status" -ne 0 ]
  cat >"$bundle/rootfs/overwrite" <<'SCRIPT'
#!/proc/self/exe
SCRIPT
  chmod 755 "$bundle/rootfs/overwrite"
  set_command /overwrite
  run caisson run -b "$bundle" box
  [ "$status" -ne 0 ]
  set_command sh -c 'for p in /proc/[0-9]*/exe; do echo x >"$p"; done; exit 3'
  run caisson run -b "$bundle" box
  echo "exit $status: $output"
  [ "$status" -eq 3 ]
  [ "$(cat "$CAISSON" "$(dirname "$CAISSON")/../share/initramfs.cpio" | sha256sum)" = "$before" ]
}

# What a container with every capability finds in its own machine stays there: it can mount the device that carries its
# files anew, and still gets only its exports, and those read-only that were given read-only.
@test "hostile: root with all capabilities finds only its own exports, and read-only ones stay so" {
  make_bundle box
  mkdir "$scratch/source"
  echo original >"$scratch/source/file"
  configure '.process.capabilities = (["bounding", "effective", "permitted", "inheritable", "ambient"] | map({key: .,
    value: ["CAP_SYS_ADMIN", "CAP_SYS_RAWIO", "CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE", "CAP_CHOWN"]}) | from_entries)'
  configure "del(.linux.maskedPaths) | del(.linux.readonlyPaths) | del(.linux.seccomp) | .mounts += [
    {destination: \"/ro\", type: \"bind\", source: \"$scratch/source\", options: [\"bind\", \"ro\"]}]"
  # shellcheck disable=SC2016  # expanded in the container
  set_command sh -c 'mount -o remount,rw,bind /ro; echo x >/ro/file
    mkdir /m && mount -t virtiofs caisson /m && echo mounted || exit 4
    find /m -name file | while read -r file; do echo "found $file"; echo changed >"$file"; rm -f "$file"; done
    ls /m /m/.. /m/*/.. >/ls; exit 3'
  run caisson run -b "$bundle" box
  echo "$output"
  [ "$status" -eq 3 ]
  [[ $output == *mounted* && $output == *found* ]]
  [ "$(cat "$scratch/source/file")" = original ]
  run ! grep -qE '^(vmlinuz|boot|home|source|state)$' "$bundle/rootfs/ls"
}
