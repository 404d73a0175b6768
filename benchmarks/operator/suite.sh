#!/usr/bin/env bash
# suite.sh N...: the creates of the last N runs alone; for each N plain Jobs, what the operator makes of runs as plain Jobs,
# its runs, and a restart with these finished; then, with the first N, running ones at rest and over a restart, and Kubeflow
# Trainer. Everything is appended to results.json. up.sh comes first.
# HOLD: how many at rest (the first N). TRAINJOBS: how many of Trainer's (the first N), empty: none.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || set -- 100
bench() { python3 "$here/bench.py" "$@"; }
[ -n "$(pid operator)" ] || "$here/operator.sh" start
bench clean runs
bench clean jobs
"$here/operator.sh" stop
bench create "${@: -1}"
bench clean runs
"$here/operator.sh" start
for many in "$@"; do
  bench run jobs "$many"
  bench clean jobs
  bench run ourjobs "$many"
  bench clean jobs
  bench run runs "$many"
  bench restart stop
  bench clean runs
done
bench hold "${HOLD:-$1}"
bench steady 60
bench restart kill
bench release "${HOLD:-$1}"
bench clean runs
if [ -n "${TRAINJOBS-$1}" ]; then
  "$here/operator.sh" stop
  "$here/peers.sh" start
  bench run trainjobs "${TRAINJOBS-$1}"
  bench clean trainjobs
  "$here/peers.sh" stop
fi
