#!/bin/sh
# Checks a log folder with the Go project's own note and tlog code; no module is downloaded.
#
#     sh tests/independent/verify_log_go.sh demo-out/log [VKEY]
#
# Needs Debian's packages golang-go and golang-golang-x-mod-dev. Without them it says so and exits
# with 77, the usual code for a skipped test; 0 is proved, anything else is refused.
set -eu

log=${1:?a folder with checkpoint and tile/ was expected}
vkey=${2:-$(cat "$log/vkey")}
sources=/usr/share/gocode

if ! command -v go >/dev/null || [ ! -d "$sources/src/golang.org/x/mod/sumdb/tlog" ]; then
	echo 'skipped: golang-go and golang-golang-x-mod-dev are not installed' >&2
	exit 77
fi
GO111MODULE=off GOPATH=$sources GOFLAGS= exec go run "$(dirname "$0")/verify_log.go" "$log" "$vkey"
