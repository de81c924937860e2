# SPDX-License-Identifier: Apache-2.0
# Jobs side by side, as many as this host has CPUs. What a job prints is shown when it has ended; its last line and its exit
# status count (tally.bash) into the caller's passed, failed and skipped.
# shellcheck shell=bash
# shellcheck source=tests/support/tally.bash
source "$(dirname "${BASH_SOURCE[0]}")/tally.bash"

declare -A job_names=() job_starts=() # by process, the leader of the job's own group
job_logs=$(mktemp -d)

# start_job NAME COMMAND…: waits for a CPU without a job first.
start_job() {
  local name=$1
  shift
  while [ ${#job_names[@]} -ge "$(nproc)" ]; do _await_one_job; done
  set -m
  "$@" >"$job_logs/$name" 2>&1 </dev/null &
  set +m
  job_names[$!]=$name job_starts[$!]=$SECONDS
  echo "--- $name: started"
}

await_jobs() {
  while [ ${#job_names[@]} -gt 0 ]; do _await_one_job; done
}

# For the caller's EXIT trap: what still runs is ended, and nothing is left.
end_jobs() {
  local leader
  for leader in "${!job_names[@]}"; do kill -- "-$leader" 2>/dev/null; done
  wait
  rm -rf "$job_logs"
}

_await_one_job() {
  local ended name status=0
  wait -n -p ended "${!job_names[@]}" || status=$?
  name=${job_names[$ended]}
  echo "--- $name: ended after $((SECONDS - job_starts[$ended])) s"
  unset "job_names[$ended]" "job_starts[$ended]"
  cat "$job_logs/$name"
  tally_line "$(tail -n 1 "$job_logs/$name")" "$status"
}
