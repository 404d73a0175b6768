#!/usr/bin/env bash
# Builds kube-controller-manager, of which only tests have need, out of the module of build.sh.
# Usage: controllers.sh FOLDER. The version is the one that go.mod requires; CGO is off, so the program is static.
set -euo pipefail
case "${1:-}" in /*) ;; *) echo "usage: controllers.sh FOLDER (absolute)" >&2; exit 2 ;; esac
cd "$(dirname "$0")"
export CGO_ENABLED=0 GOFLAGS="-mod=readonly -trimpath -buildvcs=false"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<<"${version#v}"
# As in build.sh: clients refuse or misjudge a program that does not know its version.
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags="$flags -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
  flags="$flags -X $package.gitTreeState=clean -X $package.gitCommit=go-module -X $package.buildDate=1970-01-01T00:00:00Z"
done
mkdir -p "$1"
echo "building kube-controller-manager"
SECONDS=0
go build -ldflags "$flags" -o "$1/kube-controller-manager" k8s.io/kubernetes/cmd/kube-controller-manager
echo "built kube-controller-manager in ${SECONDS} s"
