import { z } from 'zod'

/**
 * The parts of Kubernetes' API that the chart uses, as strict as its server: a field that is not here is refused, since the
 * server would drop it or refuse the whole. What the chart begins to use is written down here first.
 */
const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
const portName = z.string().regex(/^[a-z0-9-]{1,15}$/)
const labelValue = z.string().regex(/^([A-Za-z0-9][\w.-]{0,61})?[A-Za-z0-9]$/)
const labels = z.record(z.string().regex(/^([a-z0-9.-]+\/)?[a-zA-Z0-9][\w.-]{0,62}$/), labelValue)
const whole = z.int().min(0)
const port = z.int().min(1).max(65_535)

const metadata = z.strictObject({ name, labels, annotations: z.record(z.string(), z.string()).optional() })
const selector = z.strictObject({ matchLabels: labels })

const quantity = z.string().regex(/^\d+(m|Ki|Mi|Gi)?$/)
const amounts = z.strictObject({ cpu: quantity.optional(), memory: quantity })
const resources = z.strictObject({ requests: amounts, limits: amounts.optional() })

const env = z.union([
  z.strictObject({ name: z.string(), value: z.string() }),
  z.strictObject({
    name: z.string(),
    valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name, key: z.string().min(1) }) }),
  }),
])

const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port: z.union([portName, port]) }),
  periodSeconds: whole,
  timeoutSeconds: whole.optional(),
  failureThreshold: whole,
})

const container = z.strictObject({
  name,
  image: z.string(),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  args: z.array(z.string()),
  env: z.array(env),
  ports: z.array(z.strictObject({ name: portName, containerPort: port, protocol: z.enum(['TCP', 'UDP']) })).default([]),
  resources,
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.boolean(),
    readOnlyRootFilesystem: z.boolean(),
    capabilities: z.strictObject({ drop: z.array(z.string()) }),
  }),
  volumeMounts: z.array(z.strictObject({ name, mountPath: z.string(), readOnly: z.boolean().optional() })),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  lifecycle: z.strictObject({ preStop: z.strictObject({ sleep: z.strictObject({ seconds: whole }) }) }).optional(),
})

const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
})

const podSpec = z.strictObject({
  serviceAccountName: name.optional(),
  automountServiceAccountToken: z.boolean(),
  enableServiceLinks: z.boolean(),
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).optional(),
  terminationGracePeriodSeconds: whole.optional(),
  securityContext: z.strictObject({
    runAsNonRoot: z.boolean(),
    runAsUser: whole,
    runAsGroup: whole,
    fsGroup: whole.optional(),
    fsGroupChangePolicy: z.enum(['OnRootMismatch', 'Always']).optional(),
    seccompProfile: z.strictObject({ type: z.enum(['RuntimeDefault', 'Localhost', 'Unconfined']) }),
  }),
  imagePullSecrets: z.array(z.strictObject({ name })).optional(),
  nodeSelector: labels.optional(),
  tolerations: z.array(toleration).optional(),
  topologySpreadConstraints: z
    .array(
      z.strictObject({
        maxSkew: z.int().min(1),
        topologyKey: z.string(),
        whenUnsatisfiable: z.enum(['DoNotSchedule', 'ScheduleAnyway']),
        labelSelector: selector,
        matchLabelKeys: z.array(z.string()),
      }),
    )
    .optional(),
  volumes: z.array(
    z.union([
      z.strictObject({ name, emptyDir: z.strictObject({ sizeLimit: quantity }) }),
      z.strictObject({ name, secret: z.strictObject({ secretName: name, defaultMode: whole.max(0o777) }) }),
    ]),
  ),
  containers: z.array(container).length(1),
})

const template = z.strictObject({ metadata: z.strictObject({ labels }), spec: podSpec })

const deployment = kind('apps/v1', 'Deployment', {
  replicas: whole.optional(),
  strategy: z.strictObject({ rollingUpdate: z.strictObject({ maxUnavailable: whole, maxSurge: whole }) }),
  selector,
  template,
})

const claim = z.strictObject({
  metadata: z.strictObject({ name, labels }),
  spec: z.strictObject({
    accessModes: z.array(z.enum(['ReadWriteOnce', 'ReadWriteOncePod'])).length(1),
    storageClassName: name.optional(),
    resources: z.strictObject({ requests: z.strictObject({ storage: quantity }) }),
  }),
})
const kept = z.enum(['Retain', 'Delete'])
const stateful = kind('apps/v1', 'StatefulSet', {
  replicas: whole.optional(),
  serviceName: name,
  podManagementPolicy: z.enum(['OrderedReady', 'Parallel']),
  updateStrategy: z.strictObject({ type: z.enum(['RollingUpdate', 'OnDelete']) }),
  persistentVolumeClaimRetentionPolicy: z.strictObject({ whenDeleted: kept, whenScaled: kept }),
  volumeClaimTemplates: z.array(claim).min(1),
  selector,
  template,
})

const job = kind('batch/v1', 'Job', { backoffLimit: whole, activeDeadlineSeconds: whole, template })

const autoscaler = kind('autoscaling/v2', 'HorizontalPodAutoscaler', {
  scaleTargetRef: z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.enum(['Deployment', 'StatefulSet']),
    name,
  }),
  minReplicas: z.int().min(1),
  maxReplicas: z.int().min(1),
  metrics: z.array(
    z.strictObject({
      type: z.literal('Resource'),
      resource: z.strictObject({
        name: z.enum(['cpu', 'memory']),
        target: z.strictObject({ type: z.literal('Utilization'), averageUtilization: z.int().min(1) }),
      }),
    }),
  ),
})

const disruption = kind('policy/v1', 'PodDisruptionBudget', { maxUnavailable: whole, selector })

const peer = z.strictObject({
  namespaceSelector: selector.optional(),
  podSelector: selector.optional(),
  ipBlock: z.strictObject({ cidr: z.string(), except: z.array(z.string()).optional() }).optional(),
})
const policyPorts = z.array(z.strictObject({ protocol: z.enum(['TCP', 'UDP']), port: z.union([port, portName]) }))
const policy = kind('networking.k8s.io/v1', 'NetworkPolicy', {
  podSelector: selector,
  policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
  ingress: z.array(z.strictObject({ ports: policyPorts, from: z.array(peer).min(1).optional() })).default([]),
  egress: z.array(z.strictObject({ ports: policyPorts.optional(), to: z.array(peer).min(1).optional() })),
})

const service = kind('v1', 'Service', {
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
  selector: labels,
  ports: z.array(z.strictObject({ name: portName, port, targetPort: portName, protocol: z.literal('TCP') })),
})

const backend = z.strictObject({ service: z.strictObject({ name, port: z.strictObject({ name: portName }) }) })
const path = z.strictObject({ path: z.string(), pathType: z.enum(['Prefix', 'Exact']), backend })
const ingress = kind('networking.k8s.io/v1', 'Ingress', {
  ingressClassName: z.string().optional(),
  tls: z.array(z.strictObject({ secretName: name, hosts: z.array(z.string()) })).optional(),
  rules: z.array(z.strictObject({ host: z.string().min(1), http: z.strictObject({ paths: z.array(path) }) })),
})

const account = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ServiceAccount'),
  metadata,
  automountServiceAccountToken: z.boolean(),
})

export const manifest = z.discriminatedUnion('kind', [
  deployment,
  stateful,
  job,
  autoscaler,
  disruption,
  policy,
  service,
  ingress,
  account,
])

export type Manifest = z.output<typeof manifest>
export type Of<K extends Manifest['kind']> = Extract<Manifest, { kind: K }>
export type PodSpec = z.output<typeof podSpec>

function kind<const V extends string, const K extends string, S extends z.ZodRawShape>(version: V, name: K, spec: S) {
  return z.strictObject({
    apiVersion: z.literal(version),
    kind: z.literal(name),
    metadata,
    spec: z.strictObject(spec),
  })
}
