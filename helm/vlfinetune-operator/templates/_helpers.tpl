{{- define "vlfinetune.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "vlfinetune.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride }}
{{- else }}
{{- $name := include "vlfinetune.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "vlfinetune.selector" -}}
app.kubernetes.io/name: {{ include "vlfinetune.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "vlfinetune.labels" -}}
{{ include "vlfinetune.selector" . }}
app.kubernetes.io/part-of: vlfinetune
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "vlfinetune.serviceAccount" -}}
{{- if .Values.serviceAccount.name }}
{{- .Values.serviceAccount.name }}
{{- else if .Values.serviceAccount.create }}
{{- include "vlfinetune.fullname" . }}
{{- else }}
{{- fail "serviceAccount.name is empty: name the account of the operator, or let serviceAccount.create be true" }}
{{- end }}
{{- end }}

{{/* Reference of an image: a dict of root and image. */}}
{{- define "vlfinetune.image" -}}
{{- $name := .image.repository }}
{{- if .root.Values.registry }}
{{- $name = printf "%s/%s" .root.Values.registry .image.repository }}
{{- end }}
{{- if .image.digest }}
{{- printf "%s@%s" $name .image.digest }}
{{- else }}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion .image.tag) }}
{{- end }}
{{- end }}

{{/* Whether this release makes the admission policy: "true" or "false". */}}
{{- define "vlfinetune.makesPolicy" -}}
{{- $policy := .Values.trainer.progressPolicy }}
{{- if not .Values.trainer.serviceAccount.name }}false
{{- else if eq $policy "auto" }}{{ empty .Values.namespaces }}
{{- else }}{{ eq $policy "create" }}
{{- end }}
{{- end }}

{{/* By which the operator finds out at its start whether the admission policy is there. */}}
{{- define "vlfinetune.policyRules" -}}
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingadmissionpolicies, validatingadmissionpolicybindings]
  resourceNames: [vlfinetune-progress-own-pod]
  verbs: [get]
{{- end }}

{{/* What the operator does, verb by verb; a test runs it under exactly these. */}}
{{- define "vlfinetune.rules" -}}
# Follows runs; a run is read again before an attempt of it is stopped or repeated.
- apiGroups: [vlfinetune.io]
  resources: [vlfinetunes]
  verbs: [get, list, watch]
- apiGroups: [vlfinetune.io]
  resources: [vlfinetunes/status]
  verbs: [patch]
# Children block the deletion of their run; clusters that guard this (OpenShift does) ask for the right to its finalizers.
- apiGroups: [vlfinetune.io]
  resources: [vlfinetunes/finalizers]
  verbs: [update]
# Made once an attempt, patched by the trainer, deleted when childrenTTL is over. The right to delete is also what tells
# the operator from a trainer (progress-policy.yaml).{{ if .Values.trainer.serviceAccount.name }} Patch is held because nobody can grant what he does not hold: the
# alternatives, escalate and bind, would let the operator grant anything.{{ end }}
- apiGroups: [vlfinetune.io]
  resources: [vlfinetuneprogresses]
  verbs: [create, get, list, watch, delete{{ if .Values.trainer.serviceAccount.name }}, patch{{ end }}]
{{- if .Values.trainer.serviceAccount.name }}
# What trainers share, made once in each namespace and never read, changed or deleted.
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [create]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [create]
{{- end }}
# Never updated: an attempt is a Job of its own.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [create, get, list, watch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [create, get, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
# What Kueue says of the quota of runs that name a queue; without Kueue there are none.
- apiGroups: [kueue.x-k8s.io]
  resources: [workloads]
  verbs: [list, watch]
{{- end }}
