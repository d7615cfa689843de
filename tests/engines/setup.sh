# What the engines' scripts share, to be sourced: what a fresh machine lacks is installed once and kept.
set -euo pipefail
cache=${KNOWATT_TEST_CACHE:-$HOME/.cache/knowatt-tests}

# Debian packages, where a command is missing.
need() { # COMMAND PACKAGE...
    command -v "$1" > /dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        apt-get update -qq > /dev/null && apt-get install -y -qq "${@:2}" > /dev/null
    else
        echo "please install: ${*:2}" >&2
        exit 2
    fi
}

# Prints the Python of an environment that has just these packages.
python_with() { # PACKAGE==VERSION...
    local folder
    folder=$cache/python-$(printf '%s\n' "$@" | sha256sum | cut -c1-16)
    if [ ! -e "$folder/complete" ]; then
        rm -rf "$folder" && mkdir -p "$cache" && python3 -m venv "$folder" >&2
        "$folder/bin/pip" --quiet --disable-pip-version-check install "$@" >&2
        touch "$folder/complete"
    fi
    echo "$folder/bin/python"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
