#!/usr/bin/env bash
# Builds kube-apiserver, kubectl and etcd out of their Go modules, where releases cannot be downloaded.
# Usage: build.sh FOLDER. The versions are those that go.mod requires; CGO is off, so the binaries are static.
set -euo pipefail
case "${1:-}" in /*) ;; *) echo "usage: build.sh FOLDER (absolute)" >&2; exit 2 ;; esac
cd "$(dirname "$0")"
export CGO_ENABLED=0 GOFLAGS="-mod=readonly -trimpath -buildvcs=false"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<<"${version#v}"
# Without these the server calls itself v0.0.0-master+$Format:%H$, and clients refuse or misjudge it.
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags="$flags -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
  flags="$flags -X $package.gitTreeState=clean -X $package.gitCommit=go-module -X $package.buildDate=1970-01-01T00:00:00Z"
done
mkdir -p "$1"
for binary in kube-apiserver kubectl etcd; do
  case $binary in
    etcd) package=go.etcd.io/etcd/server/v3 ;;
    *) package=k8s.io/kubernetes/cmd/$binary ;;
  esac
  SECONDS=0
  echo "building $binary"
  go build -ldflags "$flags" -o "$1/$binary" "$package"
  echo "built $binary in ${SECONDS} s"
done
