# What the engines' scripts share, to be sourced: what a fresh machine lacks is installed once and kept.
set -euo pipefail
cache=${KNOWATT_TEST_CACHE:-$HOME/.cache/knowatt-tests}

# One at a time, of the drivers that run side by side.
alone() { # COMMAND...
    mkdir -p "$cache"
    flock "$cache/lock" "$@"
}

# Debian packages, where a command is missing. The servers among them are not started.
need() { # COMMAND PACKAGE...
    command -v "$1" > /dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        # Invoke-rc.d(8) starts nothing that does not belong to the run level.
        # shellcheck disable=SC2016
        alone sh -c 'apt-get update -qq > /dev/null && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" > /dev/null' sh "${@:2}"
    else
        echo "please install: ${*:2}" >&2
        exit 2
    fi
}

# Prints the Python of an environment that has just these packages.
python_with() { # PACKAGE==VERSION...
    local folder
    folder=$cache/python-$(printf '%s\n' "$@" | sha256sum | cut -c1-16)
    # shellcheck disable=SC2016
    [ -e "$folder/complete" ] || alone sh -c '
        folder=$1
        shift
        [ ! -e "$folder/complete" ] || exit 0
        rm -rf "$folder"
        python3 -m venv "$folder" && "$folder/bin/pip" --quiet --disable-pip-version-check install "$@" && touch "$folder/complete"
    ' sh "$folder" "$@" >&2
    echo "$folder/bin/python"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
