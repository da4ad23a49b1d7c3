{{/* What every pod has in common: root, values; of those that run roles works (the vault's key) and disk (a spool). */}}
{{- define "hookkeeper.pod" -}}
automountServiceAccountToken: false
# A Service named hookkeeper would otherwise put HOOKKEEPER_PORT into the environment, which is no setting and is refused.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  {{- if or .disk (and .works .root.Values.vault.secret.name) }}
  # What is mounted belongs to it; a large volume is gone through once.
  fsGroup: 1000
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: { sizeLimit: 64Mi }
  {{- if and .works .root.Values.vault.secret.name }}
  - name: vault
    secret: { secretName: {{ .root.Values.vault.secret.name }}, defaultMode: 288 } # 0440
  {{- end }}
{{- end -}}

{{/* What every container has in common: root, values, works, disk. */}}
{{- define "hookkeeper.container" -}}
image: {{ include "hookkeeper.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
resources: {{- toYaml .values.resources | nindent 2 }}
volumeMounts:
  - { name: tmp, mountPath: /tmp }
  {{- if and .works .root.Values.vault.secret.name }}
  - { name: vault, mountPath: /vault, readOnly: true }
  {{- end }}
  {{- if .disk }}
  - { name: spool, mountPath: /spool }
  {{- end }}
{{- end -}}

{{/* Variables from Secrets, then plain ones: root, only (names; empty: all), plain (a map). */}}
{{- define "hookkeeper.env" -}}
{{- range $name, $from := .root.Values.secrets }}
{{- if or (not $.only) (has $name $.only) }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: { name: {{ $from.name }}, key: {{ $from.key }} }
{{- end }}
{{- end }}
{{- range $name, $value := .plain }}
- name: {{ $name }}
  value: {{ include "hookkeeper.text" $value | quote }}
{{- end }}
{{- end -}}

{{/* A value as text. To Helm every number is a float, and a million of them would be 1e+06. */}}
{{- define "hookkeeper.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ toString . }}{{ end -}}
{{- end -}}
