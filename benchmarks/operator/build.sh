#!/usr/bin/env bash
# Builds what is measured into $BENCH/bin: etcd, kube-apiserver, kubectl, kube-controller-manager, kube-scheduler, kwok,
# Kubeflow Trainer and JobSet out of pinned Go modules (what is there already is not built again), and the operator of
# this source tree (always). JAVA_HOME: a JDK 25. MAVEN_FLAGS: such as -o.
set -euo pipefail
. "$(dirname "$0")/common.sh"
plane=$root/e2e/control-plane
mkdir -p "$bin"
export CGO_ENABLED=0 GOFLAGS="-mod=readonly -trimpath -buildvcs=false"

# build MODULE-FOLDER BINARY PACKAGE [LINKER-FLAGS]
build() {
  [ -x "$bin/$2" ] && return
  echo "building $2"
  SECONDS=0
  (cd "$1" && go build -ldflags "-s -w ${4:-}" -o "$bin/$2" "$3")
  echo "built $2 in ${SECONDS} s"
}

if [ ! -x "$bin/etcd" ] || [ ! -x "$bin/kube-apiserver" ] || [ ! -x "$bin/kubectl" ]; then "$plane/build.sh" "$bin"; fi
[ -x "$bin/kube-controller-manager" ] || "$plane/controllers.sh" "$bin"
version=$(cd "$plane" && go list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<<"${version#v}"
# As in e2e/control-plane: a program that does not know its version is refused or misjudged.
client=k8s.io/client-go/pkg/version
base=k8s.io/component-base/version
build "$plane" kube-scheduler k8s.io/kubernetes/cmd/kube-scheduler \
  "-X $base.gitVersion=$version -X $base.gitMajor=$major -X $base.gitMinor=$minor -X $client.gitVersion=$version"
build "$here/kwok" kwok sigs.k8s.io/kwok/cmd/kwok
build "$here/trainer" trainer github.com/kubeflow/trainer/v2/cmd/trainer-controller-manager
build "$here/trainer" jobset sigs.k8s.io/jobset

rm -rf "$bin/operator"
mkdir -p "$bin/operator"
# shellcheck disable=SC2086
(cd "$root" && ./mvnw -q -B ${MAVEN_FLAGS:-} -pl operator -am -Dmaven.test.skip=true package \
  dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$bin/operator")
cp "$root"/operator/target/vlfinetune-operator-*.jar "$bin/operator/"
echo "built the operator"
