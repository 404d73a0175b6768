"""Prints what the cluster needs: namespaces, nodes of kwok, and role and admission policy as the operator's chart has them.

usage: manifests.py CHART-FOLDER
The chart's templates are read with its default values by leaving their directives out, since no Helm is needed elsewhere
here; what does not come out as expected is an error.
"""
import json
import pathlib
import re
import sys

import yaml

USER = "system:serviceaccount:vlfinetune-system:vlfinetune-operator"
NODE = {"cpu": "2560", "memory": "20Ti", "pods": "2000", "nvidia.com/gpu": "1000"}


def plain(template):
    """The template without comments and directives; both branches of a condition stay, the defaults take them all."""
    lines = [line for line in template.splitlines() if not line.lstrip().startswith("#")]
    return re.sub(r"{{.*?}}", "", "\n".join(lines))


def definition(text, name):
    found = re.search(r'{{- define "' + re.escape(name) + r'" -}}\n(.*?)\n{{- end }}\n*(?={{- define|{{/\*|\Z)', text, re.S)
    if not found:
        raise SystemExit("the chart's helpers define no " + name)
    return yaml.safe_load(plain(found.group(1)))


def rbac(kind, name, namespace=None, rules=None, role=None, user=None):
    document = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}}
    if namespace:
        document["metadata"]["namespace"] = namespace
    if rules:
        document["rules"] = rules
    if role:
        document["roleRef"] = {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name}
        document["subjects"] = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
    return document


def claim(name):
    """A claim that runs name, and its volume; the scheduler wants both."""
    shared = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    return [
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
         "spec": shared | {"capacity": {"storage": "1Ti"}, "hostPath": {"path": "/" + name},
                           "claimRef": {"namespace": "bench", "name": name}}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "bench"},
         "spec": shared | {"volumeName": name, "resources": {"requests": {"storage": "1Ti"}}}},
    ]


def main():
    templates = pathlib.Path(sys.argv[1]) / "templates"
    helpers = (templates / "_helpers.tpl").read_text()
    rules = definition(helpers, "vlfinetune.rules") + definition(helpers, "vlfinetune.policyRules")
    leases = [
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update", "patch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
    ]
    report = [
        {"apiGroups": ["vlfinetune.io"], "resources": ["vlfinetuneprogresses"], "verbs": ["patch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},
    ]
    documents = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                 for name in ("bench", "vlfinetune-system")]
    documents += [
        rbac("ClusterRole", "vlfinetune-operator", rules=rules),
        rbac("ClusterRoleBinding", "vlfinetune-operator", role="ClusterRole", user=USER),
        rbac("Role", "leases", "vlfinetune-system", rules=leases),
        rbac("RoleBinding", "leases", "vlfinetune-system", role="Role", user=USER),
        rbac("Role", "reporter", "bench", rules=report),
        rbac("RoleBinding", "reporter", "bench", role="Role", user="reporter"),
    ]
    policy = [document for document in yaml.safe_load_all(plain((templates / "progress-policy.yaml").read_text()))
              if document and document["kind"].startswith("ValidatingAdmissionPolicy")]
    for document in policy:
        document["metadata"].pop("labels")
    if len(policy) != 2:
        raise SystemExit("the chart's admission policy is not as expected")
    documents += policy + claim("data") + claim("models")
    documents += [
        {"apiVersion": "v1", "kind": "Node",
         "metadata": {"name": f"kwok-{index}", "annotations": {"kwok.x-k8s.io/node": "fake"},
                      "labels": {"kubernetes.io/hostname": f"kwok-{index}"}},
         "status": {"allocatable": NODE, "capacity": NODE}} for index in range(10)]
    print("\n---\n".join(json.dumps(document) for document in documents))


main()
