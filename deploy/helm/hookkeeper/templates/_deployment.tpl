{{/*
One role as a Deployment, or where its pods have disks that stay as a StatefulSet: root, role, values, disk, replicas (null: the HPA's),
plain (variables), preStopSeconds, graceSeconds.
*/}}
{{- define "hookkeeper.deployment" -}}
{{- $labels := dict "root" .root "part" .role -}}
apiVersion: apps/v1
kind: {{ ternary "StatefulSet" "Deployment" .disk }}
metadata:
  name: {{ include "hookkeeper.name" .root }}-{{ .role }}
  labels: {{- include "hookkeeper.labels" $labels | nindent 4 }}
spec:
  {{- with .replicas }}
  replicas: {{ . }}
  {{- end }}
  {{- if .disk }}
  serviceName: {{ include "hookkeeper.name" .root }}
  podManagementPolicy: Parallel
  updateStrategy: { type: RollingUpdate }
  # What lies in a spool waits for its pod.
  persistentVolumeClaimRetentionPolicy: { whenDeleted: Retain, whenScaled: Retain }
  volumeClaimTemplates:
    - metadata:
        name: spool
        labels: {{- include "hookkeeper.selector" $labels | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .root.Values.spool.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests: { storage: {{ .root.Values.spool.size }} }
  {{- else }}
  strategy:
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  {{- end }}
  selector:
    matchLabels: {{- include "hookkeeper.selector" $labels | nindent 6 }}
  template:
    metadata:
      labels: {{- include "hookkeeper.labels" $labels | nindent 8 }}
    spec:
      serviceAccountName: {{ include "hookkeeper.name" .root }}
      terminationGracePeriodSeconds: {{ .graceSeconds }}
      {{- include "hookkeeper.pod" (dict "root" .root "values" .values "works" true "disk" .disk) | nindent 6 }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "hookkeeper.selector" $labels | nindent 14 }}
          matchLabelKeys: [{{ ternary "controller-revision-hash" "pod-template-hash" $.disk }}]
        {{- end }}
      containers:
        - name: {{ .role }}
          args: [up, --role, {{ .role }}]
          {{- include "hookkeeper.container" (dict "root" .root "values" .values "works" true "disk" .disk) | nindent 10 }}
          env: {{- include "hookkeeper.env" (dict "root" .root "plain" .plain) | trim | nindent 12 }}
          ports:
            {{- if eq .role "ingestion" }}
            - { name: webhooks, containerPort: 4242, protocol: TCP }
            {{- end }}
            - { name: private, containerPort: 4243, protocol: TCP }
          # Neither asks for the token. Whether the process lives has nothing to do with the database; whether it can work has.
          startupProbe:
            httpGet: { path: /healthz, port: private }
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: { path: /healthz, port: private }
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /readyz, port: private }
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 3
          {{- with .preStopSeconds }}
          lifecycle:
            preStop:
              sleep: { seconds: {{ . }} }
          {{- end }}
{{- end -}}

{{/* Variables of a role: what the chart sets, over the role's own, over those of both. root, values. */}}
{{- define "hookkeeper.plain" -}}
{{- $ours := dict "HOOKKEEPER_RELEASE" (include "hookkeeper.release" .root) -}}
{{- with .root.Values -}}
{{- if ne .broker.kind "none" }}{{ $_ := set $ours "HOOKKEEPER_BROKER_REQUIRE_DURABLE" .broker.requireDurable }}{{ end -}}
{{- if .vault.kms }}{{ $_ := set $ours "HOOKKEEPER_VAULT" (printf "kms:%s" .vault.kms) }}{{ end -}}
{{- if .vault.secret.name }}{{ $_ := set $ours "HOOKKEEPER_VAULT" (printf "file:/vault/%s" .vault.secret.key) }}{{ end -}}
{{- end -}}
{{- merge $ours .values.env .root.Values.env | toYaml -}}
{{- end -}}
