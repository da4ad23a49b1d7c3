{{/* What every pod has in common: root, values. */}}
{{- define "hookkeeper.pod" -}}
automountServiceAccountToken: false
# A Service named hookkeeper would otherwise put HOOKKEEPER_PORT into the environment, which is no setting and is refused.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
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
{{- end -}}

{{/* What every container has in common: root, values. */}}
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
  value: {{ $value | toString | quote }}
{{- end }}
{{- end -}}
