#!/bin/sh
# Builds the client with Debian's own packages, without a module proxy: sh examples/grpc-go/build.sh [FILE]
set -e
to=$(realpath "${1:-hsu-go}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/src"
# Upstream's files do not say where they belong in Go.
where=Mcore.proto=hsu/upstream,Mmaster.proto=hsu/upstream
cd "$here/../../proto"
protoc -I . --go_out="$work/src" --go_opt="$where" --go-grpc_out="$work/src" --go-grpc_opt="$where" core.proto master.proto hsu/v1/*.proto
cd "$here"
GO111MODULE=off GOPATH="$work:/usr/share/gocode" go build -trimpath -o "$to" client.go
