#!/usr/bin/env bash
# Ends what up.sh, peers.sh and operator.sh started, by process id, the latest first.
set -euo pipefail
. "$(dirname "$0")/common.sh"
[ -e "$state/processes" ] || exit 0
for name in $(tac "$state/processes" | cut -d ' ' -f 1); do stop "$name"; done
rm "$state/processes"
