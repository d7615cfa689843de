# What starts servers and ends them with the script, to be sourced by a script that has set `work`, a folder of its own.
started=()
stop() {
    for process in "${started[@]}"; do kill "$process" 2> /dev/null || true; done
    wait 2> /dev/null || true
    [ -n "${KNOWATT_KEEP:-}" ] || rm -rf "$work"
}
trap stop EXIT
# A process that was started here and has ended.
forget() { # PROCESS
    local process kept=()
    for process in "${started[@]}"; do [ "$process" = "$1" ] || kept+=("$process"); done
    started=("${kept[@]}")
}
fail() { echo "$0: $*" >&2; exit 1; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
up() { # NAME LOG COMMAND...
    local name=$1 log=$2
    shift 2
    for _ in $(seq 300); do "$@" > /dev/null 2>&1 && return; sleep 0.2; done
    tail -n 40 "$log" >&2
    fail "$name did not start"
}
