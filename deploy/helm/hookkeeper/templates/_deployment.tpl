{{/* One role as a Deployment: root, role, values, replicas (null: the HPA's), plain (variables), preStopSeconds, graceSeconds. */}}
{{- define "hookkeeper.deployment" -}}
{{- $labels := dict "root" .root "part" .role -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "hookkeeper.name" .root }}-{{ .role }}
  labels: {{- include "hookkeeper.labels" $labels | nindent 4 }}
spec:
  {{- with .replicas }}
  replicas: {{ . }}
  {{- end }}
  strategy:
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  selector:
    matchLabels: {{- include "hookkeeper.selector" $labels | nindent 6 }}
  template:
    metadata:
      labels: {{- include "hookkeeper.labels" $labels | nindent 8 }}
    spec:
      serviceAccountName: {{ include "hookkeeper.name" .root }}
      terminationGracePeriodSeconds: {{ .graceSeconds }}
      {{- include "hookkeeper.pod" (dict "root" .root "values" .values) | nindent 6 }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "hookkeeper.selector" $labels | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      containers:
        - name: {{ .role }}
          args: [up, --role, {{ .role }}]
          {{- include "hookkeeper.container" (dict "root" .root "values" .values) | nindent 10 }}
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
{{- merge $ours .values.env .root.Values.env | toYaml -}}
{{- end -}}
