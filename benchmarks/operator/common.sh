# Sourced by the scripts here. BENCH: folder of binaries, state and logs; everything listens on loopback only.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export BENCH=${BENCH:-$root/target/operator-benchmark}
bin=$BENCH/bin
state=$BENCH/state
export PORT=${PORT:-26443}
export KUBECONFIG=$state/users/admin

# start NAME COMMAND...: in the background, its process id in state/processes.
start() {
  local name=$1
  shift
  setsid nohup "$@" >> "$state/log/$name.log" 2>&1 < /dev/null &
  echo "$name $!" >> "$state/processes"
}

# pid NAME: of a process that start started and that still runs.
pid() {
  local id
  id=$(awk -v name="$1" '$1 == name { id = $2 } END { print id }' "$state/processes")
  if [ -n "$id" ] && tr '\0' '\n' < "/proc/$id/environ" 2>/dev/null | grep -qx "BENCH=$BENCH"; then echo "$id"; fi
}

# stop NAME: by its process id, and waits for its end.
stop() {
  local id
  id=$(pid "$1")
  if [ -n "$id" ]; then
    kill "$id"
    for _ in $(seq 300); do kill -0 "$id" 2>/dev/null || break; sleep 0.1; done
  fi
  sed -i "/^$1 /d" "$state/processes"
}
