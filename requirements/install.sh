#!/bin/sh
# Makes an environment and installs one of the pinned sets into it; the Makefile calls it.
#
#   sh requirements/install.sh VENV SET        SET: base, dev (with this project), peer, peer-... (without it)
#
# Wants Python 3.11 or newer and pip 22.3 or newer; takes uv where it is on the path. The environment is made
# without pip of its own, because Debian and Ubuntu ship `venv` without `ensurepip`. PIP_INDEX_URL,
# PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS, PIP_CERT, HTTPS_PROXY and pip's own configuration are honoured.
set -u

venv=$1
set_name=$2
here=$(dirname "$0")
project=$(dirname "$here")

stop() {
    echo "$1" >&2
    [ -n "${2:-}" ] && echo "What to do: $2" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

find_pip() {
    if "$1" -m pip --version >/dev/null 2>&1; then
        echo "$1 -m pip"
    elif pip3 --version >/dev/null 2>&1; then
        echo pip3
    elif pip --version >/dev/null 2>&1; then
        echo pip
    fi
}

python=$(find_python)
[ -n "$python" ] || stop "No Python 3.11 or newer found (looked for python3, python3.11 to python3.14)." \
    "install one (Debian, Ubuntu: apt-get install python3), or say 'make PYTHON=/path/to/python3.12 ...'."

if ! new_enough "$venv/bin/python"; then
    "$python" -m venv --without-pip --clear "$venv" >/dev/null 2>&1 ||
        stop "$python cannot make an environment in $venv." \
            "check that this folder can be written to; on Debian or Ubuntu: apt-get install python3-venv."
fi
log=$venv/install.log
: >"$log"

case $set_name in
base) files="-r $here/base.txt -r $here/build.txt" ;;
*) files="-r $here/$set_name.txt" ;;
esac

# Two ways to do the same; both check every hash.
with_uv() {
    UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-}} UV_INDEX=${UV_INDEX:-${PIP_EXTRA_INDEX_URL:-}} \
        UV_FIND_LINKS=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}} SSL_CERT_FILE=${SSL_CERT_FILE:-${PIP_CERT:-}} \
        uv pip install --quiet --python "$venv/bin/python" "$@" >>"$log" 2>&1
}

with_pip() {
    # shellcheck disable=SC2086 # `python -m pip` is three words
    $pip --python "$venv/bin/python" install --quiet --disable-pip-version-check --no-input \
        --progress-bar off "$@" >>"$log" 2>&1
}

install() {
    if [ "$tool" = uv ]; then with_uv "$@"; else with_pip "$@"; fi
}

pip=$(find_pip "$python")
tool=pip
command -v uv >/dev/null 2>&1 && tool=uv
[ "$tool" = uv ] || [ -n "$pip" ] || stop "$python has no pip, and there is no uv." \
    "install pip 22.3 or newer (Debian, Ubuntu: apt-get install python3-pip), or uv."

started=$(date +%s)
echo "installing the $set_name set into $venv with $tool ($("$venv/bin/python" --version)) ..."

# shellcheck disable=SC2086 # the requirement files are several words
if ! install --require-hashes $files; then
    if [ "$tool" = uv ] && [ -n "$pip" ]; then
        echo "uv could not; trying pip ..."
        tool=pip
        install --require-hashes $files || tool=none
    else
        tool=none
    fi
fi
if [ "$tool" = none ]; then
    tail -n 15 "$log" >&2
    index=${PIP_INDEX_URL:-$($pip config get global.index-url 2>/dev/null || echo "pip's own default")}
    echo "The index asked: $(echo "$index" | sed 's,//[^/@]*@,//,')" >&2 # without a name and password in it
    stop "The packages could not be installed; the lines above name the host or the package ($log has them all)." \
        "behind a proxy or a mirror set HTTPS_PROXY, PIP_INDEX_URL and PIP_CERT, then run make again."
fi

case $set_name in peer*) project= ;; esac
if [ -n "$project" ]; then
    install --no-deps --no-build-isolation -e "$project" || {
        tail -n 15 "$log" >&2
        stop "The project itself could not be installed into $venv ($log has all lines)." \
            "run 'make clean' and make again; if it persists, the lines above say which file is wrong."
    }
fi
echo "installed in $(($(date +%s) - started)) s"
