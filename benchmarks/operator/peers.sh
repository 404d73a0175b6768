#!/usr/bin/env bash
# peers.sh start|stop: Kubeflow Trainer and JobSet with the settings of their own default manifests, which come out of
# their modules' folders; their webhooks answer on loopback.
set -euo pipefail
. "$(dirname "$0")/common.sh"
module() { (cd "$here/trainer" && go list -mod=readonly -m -f '{{.Dir}}' "$1"); }

# hooks NAME PORT: of a manifest at stdin, those webhook configurations, asked at loopback.
hooks() {
  python3 -c '
import base64, json, sys, yaml
name, port, ca = sys.argv[1:]
bundle = base64.b64encode(open(ca, "rb").read()).decode()
for document in yaml.safe_load_all(sys.stdin):
    if not document or not document["kind"].endswith("WebhookConfiguration"):
        continue
    document["metadata"] = {"name": document["metadata"]["name"] + "-" + name}
    for hook in document["webhooks"]:
        path = hook["clientConfig"]["service"]["path"]
        hook["clientConfig"] = {"url": f"https://127.0.0.1:{port}{path}", "caBundle": bundle}
    print("---")
    print(json.dumps(document))' "$1" "$2" "$state/keys/ca.crt"
}

# serve NAME COMMAND...: with its certificates where controller-runtime looks for them.
serve() {
  local name=$1 certificates=$state/$1/k8s-webhook-server/serving-certs
  shift
  mkdir -p "$certificates"
  cp "$state/keys/webhook.crt" "$certificates/tls.crt"
  cp "$state/keys/webhook.key" "$certificates/tls.key"
  start "$name" env TMPDIR="$state/$name" KUBECONFIG="$state/users/$name" "$@"
}

case "${1:-}" in
  start)
    trainer=$(module github.com/kubeflow/trainer/v2)
    jobset=$(module sigs.k8s.io/jobset)
    "$bin/kubectl" create clusterrolebinding peers --clusterrole=cluster-admin --group=peers --dry-run=client -o yaml |
      "$bin/kubectl" apply --server-side -f -
    for namespace in kubeflow-system jobset-system; do
      "$bin/kubectl" create namespace $namespace --dry-run=client -o yaml | "$bin/kubectl" apply --server-side -f -
    done
    "$bin/kubectl" kustomize "$jobset/config/components/crd" | "$bin/kubectl" apply --server-side -f -
    "$bin/kubectl" kustomize "$trainer/manifests/base/crds" | "$bin/kubectl" apply --server-side -f -
    "$bin/kubectl" wait crd --all --for=condition=Established --timeout=60s > /dev/null
    "$bin/kubectl" kustomize "$jobset/config/components/webhook" | hooks jobset $((PORT + 11)) | "$bin/kubectl" apply --server-side -f -
    "$bin/kubectl" kustomize "$trainer/manifests/base/webhook" | hooks trainer $((PORT + 10)) | "$bin/kubectl" apply --server-side -f -
    cat > "$state/trainer.yaml" <<Y
apiVersion: config.trainer.kubeflow.org/v1alpha1
kind: Configuration
health: {healthProbeBindAddress: "127.0.0.1:$((PORT + 12))"}
metrics: {bindAddress: "127.0.0.1:$((PORT + 13))", secureServing: false}
webhook: {port: $((PORT + 10)), host: "127.0.0.1"}
leaderElection: {leaderElect: true, resourceName: trainer.kubeflow.org, resourceNamespace: kubeflow-system, leaseDuration: 15s, renewDeadline: 10s, retryPeriod: 2s}
controller: {groupKindConcurrency: {TrainJob.trainer.kubeflow.org: 5, TrainingRuntime.trainer.kubeflow.org: 1, ClusterTrainingRuntime.trainer.kubeflow.org: 1}}
certManagement: {enable: false}
clientConnection: {qps: 50, burst: 100}
Y
    cat > "$state/jobset.yaml" <<Y
apiVersion: config.jobset.x-k8s.io/v1alpha1
kind: Configuration
health: {healthProbeBindAddress: "127.0.0.1:$((PORT + 14))"}
webhook: {port: $((PORT + 11)), host: "127.0.0.1"}
leaderElection: {leaderElect: true, resourceNamespace: jobset-system}
internalCertManagement: {enable: false}
Y
    serve jobset POD_NAMESPACE=jobset-system "$bin/jobset" --config "$state/jobset.yaml" --metrics-bind-address "127.0.0.1:$((PORT + 15))"
    serve trainer POD_NAMESPACE=kubeflow-system "$bin/trainer" --config "$state/trainer.yaml"
    for _ in $(seq 60); do
      sleep 1
      "$bin/kubectl" apply --server-side -f "$trainer/manifests/base/runtimes/torch_distributed.yaml" 2> /dev/null && exit 0
    done
    echo "Trainer's webhook does not answer: $state/log/trainer.log" >&2
    exit 1
    ;;
  stop)
    stop trainer
    stop jobset
    ;;
  *) echo "usage: peers.sh start|stop" >&2; exit 2 ;;
esac
