# SPDX-License-Identifier: Apache-2.0
# Counts what a GoogleTest program's JSON report says, into the caller's passed, failed and skipped.
# shellcheck shell=bash

# tally_report REPORT [STATUS]: STATUS is the program's exit status. A program that crashed leaves no report, one whose
# sanitizer complains at its end a report without failures: either is a failure.
tally_report() {
  local report=$1 status=${2:-0} tests failures disabled gone
  if [ ! -s "$report" ]; then
    failed=$((failed + 1))
    return
  fi
  tests=$(jq .tests "$report")
  failures=$(jq '.failures + .errors' "$report")
  disabled=$(jq .disabled "$report")
  gone=$(jq '[.testsuites[].testsuite[] | select(.result == "SKIPPED")] | length' "$report")
  passed=$((passed + tests - failures - disabled - gone))
  failed=$((failed + failures))
  skipped=$((skipped + disabled + gone))
  if [ "$status" -ne 0 ] && [ "$failures" -eq 0 ]; then
    failed=$((failed + 1))
  fi
}
