#!/usr/bin/env bash
# Builds Kueue, of which only tests have need, out of its Go module, and puts that module's manifests beside it.
# Usage: build.sh FOLDER. It has a go.mod of its own: its k8s.io modules are older than those of the cluster.
set -euo pipefail
case "${1:-}" in /*) ;; *) echo "usage: build.sh FOLDER (absolute)" >&2; exit 2 ;; esac
cd "$(dirname "$0")"
export CGO_ENABLED=0 GOFLAGS="-mod=readonly -trimpath -buildvcs=false"
SECONDS=0
go mod download sigs.k8s.io/kueue
module=$(go list -m -f '{{.Dir}}' sigs.k8s.io/kueue)
version=$(go list -m -f '{{.Version}}' sigs.k8s.io/kueue)
mkdir -p "$1"
echo "building kueue"
go build -ldflags "-s -w -X sigs.k8s.io/kueue/pkg/version.GitVersion=$version" -o "$1/kueue" sigs.k8s.io/kueue/cmd/kueue
mkdir -p "$1/crds"
cp "$module"/config/components/crd/bases/*.yaml "$1/crds/"
cp "$module/config/components/webhook/manifests.yaml" "$1/webhooks.yaml"
chmod -R u+w "$1"
echo "built kueue in ${SECONDS} s"
