# Where alerts are sent to, to be sourced by a script that has `work`, `started`, `fail` and `up` as ../kafka/servers.sh gives them;
# they end with that script. Needs Python 3.9 with venv, curl and openssl.
#     start_servers [--flaky SEED]    starts ./servers.py; what they accept is in $work/peers
#     address NAME                    prints an address of theirs, or a token or a password
#     tell JSON                       makes the next requests fail: {"ntfy": {"status": 500, "times": 3}}
peers_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$peers_folder/../engines/setup.sh"

start_servers() { # [--flaky SEED]
    peers_python=$(python_with aiosmtpd==1.4.6 atpublic==5.1 attrs==25.3.0)
    rm -f "$work/peers/addresses.json"
    "$peers_python" "$peers_folder/servers.py" "$work/peers" "$@" > "$work/peers.log" 2>&1 &
    servers_process=$!
    started+=("$servers_process")
    up "the peers" "$work/peers.log" test -e "$work/peers/addresses.json"
}

address() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/peers/addresses.json" "$1"; }

tell() { curl -sf -o /dev/null -d "$1" "$(address ntfy)/control"; }
