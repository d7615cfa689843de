# What the scripts beside this one share, to be sourced by one that has set `knowatt`; with ./peers.sh. Needs what that needs.
work=$(mktemp -d)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../processes.sh"
. "$here/peers.sh"

check() { python3 "$here/check.py" "$work/peers" "$@"; }
seconds() { date +%s.%N; }
since() { python3 -c 'import sys, time; print(f"{time.time() - float(sys.argv[1]):.1f}")' "$1"; }
said() { # LOG WHAT
    grep -q -- "$2" "$work/$1.log" || { tail -n 40 "$work/$1.log" >&2; fail "$1 did not say: $2"; }
}
status() { "$knowatt" notify status --config "$work/$1.toml" "${@:2}"; } # NAME
# Reads anomalies from a pipe or a file; sets `telling`, the process.
notify() { # NAME FROM
    "$knowatt" notify --config "$work/$1.toml" --from "$2" <&0 3>&- >> "$work/$1.log" 2>&1 &
    telling=$!
    started+=("$telling")
}
finish() { # NAME [SIGNAL] : it ends in order
    local code=0
    [ $# -lt 2 ] || kill -s "$2" "$telling"
    wait "$telling" || code=$?
    forget "$telling"
    [ "$code" = 0 ] || { tail -n 40 "$work/$1.log" >&2; fail "$1: exit code $code"; }
}
# Waits until the channels' status is so; CONDITION is Python, of `channels`, by their names.
becomes() { # NAME SECONDS CONDITION
    local until=$((SECONDS + $2))
    until status "$1" --format json 2> "$work/said" | python3 -c '
import json, sys
channels = {channel["channel"]: channel for channel in json.load(sys.stdin)["channels"]}
sys.exit(not eval(sys.argv[1]))' "$3" 2>> "$work/said"; do
        [ $SECONDS -lt $until ] || { status "$1" >&2; tail -n 20 "$work/said" "$work/$1.log" >&2; fail "$1: not within $2 s: $3"; }
        sleep "$(($2 > 60 ? 2 : 0)).3"
    done
}
