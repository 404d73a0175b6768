#!/usr/bin/env bash
# Starts etcd, the API server with an audit log, controller manager, scheduler, kwok with ten nodes, and the scripted
# reporter; installs the operator's CRDs, role and admission policy. One user per process, so that the audit log tells who
# asked. down.sh ends all of it. RUN_MILLIS, RUN_JITTER_MILLIS: how long a pod runs at least, and up to when.
set -euo pipefail
. "$(dirname "$0")/common.sh"
if [ -e "$state/processes" ]; then echo "already up in $state: call down.sh first" >&2; exit 1; fi
rm -rf "$state"
mkdir -p "$state"/{log,keys,users}
chmod 700 "$state"
cd "$state"
host=127.0.0.1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=benchmark \
  -keyout keys/ca.key -out keys/ca.crt 2>/dev/null
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "keys/$1.key" -out "keys/$1.csr" 2>/dev/null
  openssl x509 -req -in "keys/$1.csr" -CA keys/ca.crt -CAkey keys/ca.key -CAcreateserial -days 30 -out "keys/$1.crt" -extfile \
    <(printf 'subjectAltName=IP:127.0.0.1,IP:10.98.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n') 2>/dev/null
}
certificate apiserver
certificate webhook
openssl genrsa -out keys/accounts.key 2048 2>/dev/null
openssl rsa -in keys/accounts.key -pubout -out keys/accounts.pub 2>/dev/null

# user FILE NAME GROUPS: a kubeconfig and a token.
user() {
  local token
  token=$(openssl rand -hex 16)
  echo "$token,$2,$1,\"$3\"" >> tokens.csv
  cat > "users/$1" <<Y
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "https://$host:$PORT", certificate-authority: $state/keys/ca.crt}}]
users: [{name: u, user: {token: $token}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
Y
  echo -n "$token" > "users/$1.token"
}
for name in admin loader watcher kcm scheduler kwok; do user $name $name system:masters; done
# system:masters would be exempt from flow control, and no controller is.
for name in trainer jobset; do user $name $name system:serviceaccounts,peers; done
user reporter reporter system:serviceaccounts
user operator system:serviceaccount:vlfinetune-system:vlfinetune-operator system:serviceaccounts
chmod 600 tokens.csv users/*
cat > audit.yaml <<Y
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  nonResourceURLs: ["*"]
- level: None
  users: [watcher]
- level: Metadata
Y

start etcd "$bin/etcd" --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn --quota-backend-bytes 4294967296 \
  --listen-client-urls "http://$host:$((PORT + 1))" --advertise-client-urls "http://$host:$((PORT + 1))" \
  --listen-peer-urls "http://$host:$((PORT + 2))" --initial-advertise-peer-urls "http://$host:$((PORT + 2))" \
  --initial-cluster "default=http://$host:$((PORT + 2))"
start kube-apiserver "$bin/kube-apiserver" --etcd-servers="http://$host:$((PORT + 1))" --secure-port="$PORT" \
  --bind-address=$host --advertise-address=10.98.255.1 --endpoint-reconciler-type=none \
  --tls-cert-file=keys/apiserver.crt --tls-private-key-file=keys/apiserver.key --client-ca-file=keys/ca.crt \
  --token-auth-file=tokens.csv --authorization-mode=Node,RBAC --service-cluster-ip-range=10.98.0.0/16 \
  --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=keys/accounts.pub \
  --service-account-signing-key-file=keys/accounts.key --disable-admission-plugins=ServiceAccount \
  --audit-policy-file=audit.yaml --audit-log-path="$state/audit.log" --audit-log-maxsize=20000
for _ in $(seq 300); do "$bin/kubectl" get --raw /readyz >/dev/null 2>&1 && break; sleep 0.2; done
start kube-controller-manager "$bin/kube-controller-manager" --kubeconfig=users/kcm --leader-elect=false \
  --service-account-private-key-file=keys/accounts.key --root-ca-file=keys/ca.crt --use-service-account-credentials \
  --kube-api-qps=300 --kube-api-burst=600 --concurrent-job-syncs=10 --bind-address=$host --secure-port=$((PORT + 3))
start kube-scheduler "$bin/kube-scheduler" --kubeconfig=users/scheduler --leader-elect=false \
  --kube-api-qps=300 --kube-api-burst=600 --bind-address=$host --secure-port=$((PORT + 4))
kwok_module=$(cd "$here/kwok" && go list -mod=readonly -m -f '{{.Dir}}' sigs.k8s.io/kwok)
for stage in node/fast node/heartbeat-with-lease pod/fast; do
  "$bin/kubectl" kustomize "$kwok_module/kustomize/stage/$stage"
  echo ---
done | python3 "$here/stages.py" "${RUN_MILLIS:-5000}" "${RUN_JITTER_MILLIS:-15000}" > stages.yaml
start kwok "$bin/kwok" --kubeconfig=users/kwok --manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake \
  --server-address=$host:$((PORT + 5)) --node-lease-duration-seconds=40 --config stages.yaml

for kind in vlfinetunes vlfinetuneprogresses; do
  "$bin/kubectl" apply --server-side -f "$root/crds/$kind.vlfinetune.io.yaml"
done
python3 "$here/manifests.py" "$root/helm/vlfinetune-operator" | "$bin/kubectl" apply --server-side -f -
"$bin/kubectl" wait crd --all --for=condition=Established --timeout=60s
"$bin/kubectl" wait node --all --for=condition=Ready --timeout=60s
start reporter python3 "$here/reporter.py"
