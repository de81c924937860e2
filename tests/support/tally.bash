# SPDX-License-Identifier: Apache-2.0
# How every tier counts: what reports say goes into passed, failed and skipped, and end_tier tells them. Whatever is not
# known to have passed has failed: a report that is missing, a status nobody explains, a run of no tests, and a skip that
# this host does not force on us.
# shellcheck shell=bash

passed=0 failed=0 skipped=0

# A skip is one only when its reason begins with "host: ": something that nobody can install here. Any other fails.
skip_is_forced() { [[ $1 == "host: "* ]]; }

# count_skip NAME REASON
count_skip() {
  if skip_is_forced "$2"; then
    skipped=$((skipped + 1))
  else
    failed=$((failed + 1))
    echo "not ok: $1 was skipped, though its needs can be installed: $2"
  fi
}

# tally_tap LOG STATUS: what bats printed with --tap, and its exit status.
tally_tap() {
  local log=$1 status=$2 ok bad planned line missing failed_before=$failed skips=0
  planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log" | head -n 1)
  ok=$(grep -c '^ok ' "$log")
  bad=$(grep -c '^not ok ' "$log")
  while IFS= read -r line; do
    skips=$((skips + 1))
    count_skip "${line%% # skip*}" "${line#*# skip }"
  done < <(grep '^ok .* # skip' "$log")
  passed=$((passed + ok - skips)) failed=$((failed + bad))
  # What was planned and not reported has failed too.
  missing=$((${planned:-1} - ok - bad))
  if [ "$missing" -gt 0 ]; then
    echo "not ok: $missing of ${planned:-?} tests did not report"
    failed=$((failed + missing))
  fi
  if [ "$status" -ne 0 ] && [ "$failed" -eq "$failed_before" ]; then
    echo "not ok: bats ended with $status, and no test of it failed"
    failed=$((failed + 1))
  fi
}

# tally_report REPORT STATUS: a GoogleTest program's XML report, and its exit status. A program that crashed leaves no
# report, one whose sanitizer complains at its end a report without failures: either is a failure, and so is one whose
# filter matched nothing.
tally_report() {
  local report=$1 status=$2 outcomes outcome name reason ran=0 failed_before=$failed
  if ! outcomes=$("$(dirname "${BASH_SOURCE[0]}")/gtest_outcomes" "$report" 2>/dev/null); then
    echo "not ok: no report (exit $status)"
    failed=$((failed + 1))
    return
  fi
  while IFS=$'\t' read -r outcome name reason; do
    [ -n "$outcome" ] || continue
    ran=$((ran + 1))
    case $outcome in
      passed) passed=$((passed + 1)) ;;
      skipped) count_skip "$name" "$reason" ;;
      *) failed=$((failed + 1)) ;;
    esac
  done <<<"$outcomes"
  if [ "$status" -ne 0 ] && [ "$failed" -eq "$failed_before" ]; then
    echo "not ok: it ended with $status, and no test of it failed"
    failed=$((failed + 1))
  fi
  if [ "$ran" -eq 0 ]; then
    echo "not ok: it has no tests"
    failed=$((failed + 1))
  fi
}

# tally_line LINE STATUS: another runner's last line, and its exit status; fails when the two do not agree.
tally_line() {
  if [[ $1 =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
    if [ "$2" -ne 0 ] && [ "${BASH_REMATCH[2]}" -eq 0 ]; then
      echo "not ok: it ended with $2, and counted no failure"
      failed=$((failed + 1))
    elif [ $((BASH_REMATCH[1] + BASH_REMATCH[2] + BASH_REMATCH[3])) -eq 0 ]; then
      echo "not ok: it ran nothing"
      failed=$((failed + 1))
    fi
  else
    echo "not ok: it did not finish (exit $2)"
    failed=$((failed + 1))
  fi
}

# end_tier: the line a tier owes, as its last; its status is the tier's.
end_tier() {
  if [ $((passed + failed + skipped)) -eq 0 ]; then
    echo "not ok: nothing ran"
    failed=1
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}
