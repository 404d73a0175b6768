#!/usr/bin/env bash
# operator.sh start|stop|kill: the operator of this source tree as a process of its own, with the environment of its chart
# and the JVM flags of its image. HEAP: its largest heap; 256m is what the image's 50 % make of the chart's 512Mi.
set -euo pipefail
. "$(dirname "$0")/common.sh"
health=$((PORT + 6))
case "${1:-}" in
  start)
    export KUBECONFIG=$state/users/operator
    start operator env VLFINETUNE_TRAINER_IMAGE=vlfinetune/trainer:benchmark \
      VLFINETUNE_TRAINER_SERVICE_ACCOUNT=vlfinetune-trainer \
      VLFINETUNE_LEADER_ELECTION=true VLFINETUNE_LEASE=vlfinetune-operator \
      VLFINETUNE_POD_NAME="operator-$(date +%s%N)" VLFINETUNE_POD_NAMESPACE=vlfinetune-system \
      VLFINETUNE_LOG_LEVEL=INFO VLFINETUNE_HEALTH_ADDRESS="127.0.0.1:$health" \
      MALLOC_ARENA_MAX=2 "${JAVA_HOME:?}/bin/java" "@$root/operator/src/main/jib/app/jvm.options" \
      -Xms8m "-Xmx${HEAP:-256m}" -cp "$bin/operator/*" io.vlfinetune.operator.Main
    for _ in $(seq 600); do
      python3 - "http://127.0.0.1:$health/readyz" <<'P' 2>/dev/null && exit 0
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=2)
P
      if [ -z "$(pid operator)" ]; then echo "the operator ended: $state/log/operator.log" >&2; exit 1; fi
      sleep 0.2
    done
    echo "the operator is not ready after two minutes: $state/log/operator.log" >&2
    exit 1
    ;;
  stop) stop operator ;;
  kill)
    kill -9 "$(pid operator)"
    sed -i '/^operator /d' "$state/processes"
    ;;
  *) echo "usage: operator.sh start|stop|kill" >&2; exit 2 ;;
esac
