# SPDX-License-Identifier: Apache-2.0
# Whether a container's clock is right: it is asked for its time over its own stdio, and question and answer prove between which
# bounds it is behind the host's. Loaded behind tests/support/guest.bash.
# shellcheck shell=bash

# start_clock: a container "box" that answers each line with its time, in the descriptors of the coprocess `clock`.
start_clock() {
  make_bundle box
  # shellcheck disable=SC2016 # the inner shell expands
  set_command sh -c 'while read -r line; do echo "$EPOCHREALTIME"; done'
  coproc clock { caisson run -b "$bundle" box 2>"$scratch/clock.log"; }
  timeout 200 sh -c 'until [ "$("$1" --root "$2" state box 2>/dev/null | jq -r .status)" = running ]; do sleep 0.1; done' sh "$CAISSON" "$state_root"
}

# ask_clock: sets least and most, the microseconds that the container's clock is behind; negative where it is ahead.
ask_clock() {
  local asked answered shown _
  least=-999999999999999 most=999999999999999
  for _ in {1..20}; do
    asked=${EPOCHREALTIME/[.,]/}
    echo >&"${clock[1]}"
    read -r -t 120 shown <&"${clock[0]}"
    answered=${EPOCHREALTIME/[.,]/}
    shown=${shown/[.,]/}
    ((asked - shown < least)) || least=$((asked - shown))
    ((answered - shown > most)) || most=$((answered - shown))
  done
  echo "the guest's clock is behind by $least to $most microseconds"
}

# clock_is_right MICROSECONDS: as far as can be proved.
clock_is_right() {
  ask_clock
  ((least <= $1 && most >= -$1))
}

# end_clock: lets the container end, and waits for it.
end_clock() {
  local input=${clock[1]} runner=$clock_PID
  exec {input}>&-
  wait "$runner"
}
