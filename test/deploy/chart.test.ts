import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse } from 'yaml'
import { isLoopback, OPEN } from '../../src/console/door.ts'
import { publicDefaults } from '../../src/ingestion/http.ts'
import { helm } from '../services/helm.ts'
import { CHART, linted, type Pod, podsOf, type Rendered, rendered, rolesOf, selects } from './chart.ts'
import { configured, sampleOf, secretVariables } from './command-line.ts'
import { readDockerfile } from './dockerfile.ts'

const { skip } = helm
const BROKER = 'secrets.BROKER_URL.name=broker,secrets.BROKER_URL.key=url'
/** Where the metadata servers of GKE are, with Dataplane V2 and without. */
const GOOGLE = ['169.254.169.254/32 80', '169.254.169.254/32 8080', '169.254.169.252/32 987', '169.254.169.252/32 988']
/** Where the agent of EKS Pod Identity is. */
const AMAZON = ['169.254.170.23/32 80', 'fd00:ec2::23/128 80']
const VALUES = [null, 'everything', 'least', 'redis', 'sqs'] as const
/** What both listeners may take to close, and the ledger. */
const CLOSE_MS = publicDefaults.stopMs + 5_000

for (const values of VALUES) {
  const words = values === null ? [] : ['--values', `test/deploy/values/${values}.yaml`]
  const name = values ?? 'no values'

  test(`the chart with ${name} is in order, and renders nothing that Kubernetes does not know`, { skip }, async () => {
    const run = await helm.ready()

    assert.match(await linted(run, ...words), /0 chart\(s\) failed/)
    const { of } = await rendered(run, ...words)
    assert.deepEqual(
      rolesOf({ of })
        .map((one) => one.metadata.name)
        .sort(),
      ['hookkeeper-ingestion', 'hookkeeper-processing'],
    )
  })

  test(`with ${name} no pod is root, writes to its own file system or holds a token of the API server`, {
    skip,
  }, async () => {
    const { user } = await dockerfileSays()
    const chart = await rendered(await helm.ready(), ...words)

    for (const { spec, container } of podsOf(chart)) {
      assert.deepEqual([spec.securityContext.runAsNonRoot, spec.automountServiceAccountToken], [true, false])
      assert.equal(`${spec.securityContext.runAsUser}:${spec.securityContext.runAsGroup}`, user)
      assert.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault')
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      assert.ok(container.resources.limits?.memory)
    }
    for (const account of chart.of('ServiceAccount')) assert.equal(account.automountServiceAccountToken, false)
  })

  test(`with ${name} every secret is a reference`, { skip }, async () => {
    const { all, ...chart } = await rendered(await helm.ready(), ...words)

    const env = podsOf({ all, ...chart }).flatMap(({ container }) => container.env)
    const written = env.filter((one) => secretVariables.has(one.name) && 'value' in one)
    assert.deepEqual(written, [])
    assert.ok(env.some((one) => one.name === 'STRIPE_WEBHOOK_SECRET' && 'valueFrom' in one))
    assert.doesNotMatch(chart.text, /whsec_|[sr]k_(live|test)_|postgres(ql)?:\/\//)
  })

  test(`with ${name} every container's command and environment configure it, and the kubelet reaches its probes`, {
    skip,
  }, async () => {
    for (const pod of podsOf(await rendered(await helm.ready(), ...words))) {
      const { container, spec, owner } = pod
      const config = await configOf(pod)
      if (owner.kind === 'Job') continue
      assert.deepEqual(config.roles, [container.name])
      const ports = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]))
      assert.equal(ports.get('private'), config.console.port)
      assert.equal(ports.get('webhooks'), config.roles.includes('ingestion') ? config.ingestion.port : undefined)
      for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
        assert.ok(probe && OPEN.has(probe.httpGet.path))
        assert.equal(probe.httpGet.port, 'private')
      }
      assert.ok(!isLoopback(config.console.host) && config.console.token !== null)
      // The names of Services are variables in every pod that does not say no, and HOOKKEEPER_PORT would be refused.
      assert.equal(spec.enableServiceLinks, false)
    }
  })

  test(`with ${name} a pod has longer to end than it takes to drain`, { skip }, async () => {
    for (const pod of podsOf(await rendered(await helm.ready(), ...words))) {
      if (pod.owner.kind === 'Job') continue
      const { processing, roles } = await configOf(pod)
      const drainMs = roles.includes('processing') ? processing.drainMs : 0
      const leavingMs = (pod.container.lifecycle?.preStop.sleep.seconds ?? 0) * 1000
      assert.ok((pod.spec.terminationGracePeriodSeconds ?? 0) * 1000 > leavingMs + drainMs + CLOSE_MS)
    }
  })

  test(`with ${name} whatever selects pods selects those of one role`, { skip }, async () => {
    const chart = await rendered(await helm.ready(), ...words)
    const pods = podsOf(chart)
    const taken = (labels: Readonly<Record<string, string>>) => pods.filter((pod) => selects(labels, pod))

    for (const { spec } of [...rolesOf(chart), ...chart.of('PodDisruptionBudget')])
      assert.equal(taken(spec.selector.matchLabels).length, 1)
    for (const { spec } of chart.of('Service')) {
      const [pod, ...others] = taken(spec.selector)
      assert.deepEqual(others, [])
      for (const { targetPort } of spec.ports) assert.ok(pod?.container.ports.some(({ name }) => name === targetPort))
    }
    for (const { spec } of chart.of('HorizontalPodAutoscaler')) {
      const { kind, name } = spec.scaleTargetRef
      const scaled = rolesOf(chart).find((one) => one.kind === kind && one.metadata.name === name)
      // Else every upgrade would throw the autoscaler's number away.
      assert.equal(scaled?.spec.replicas, undefined)
      assert.ok(scaled && spec.minReplicas <= spec.maxReplicas)
    }
    const policies = chart.of('NetworkPolicy')
    for (const pod of values === 'least' ? [] : pods)
      assert.equal(policies.filter(({ spec }) => selects(spec.podSelector.matchLabels, pod)).length, 1)
  })

  test(`with ${name} the schema is brought up to date before, and by the means of, nothing of the release`, {
    skip,
  }, async () => {
    const { of } = await rendered(await helm.ready(), ...words)

    const jobs = of('Job')
    assert.equal(jobs.length, values === 'least' ? 0 : 1)
    for (const { metadata, spec } of jobs) {
      assert.equal(metadata.annotations?.['helm.sh/hook'], 'pre-install,pre-upgrade')
      assert.deepEqual(spec.template.spec.containers[0]?.args, ['migrate'])
      assert.equal(spec.template.spec.serviceAccountName, undefined)
    }
  })
}

test('what would be wrong or would write a secret down is refused before anything is rendered', { skip }, async () => {
  const run = await helm.ready()

  for (const [set, why] of [
    ['processing.replica=3', /replica/],
    ['processing.replicas=0', /replicas/],
    ['env.STRIPE_WEBHOOK_SECRET=whsec_1', /STRIPE_WEBHOOK_SECRET/],
    ['processing.env.DATABASE_URL=x', /DATABASE_URL/],
    ['ingestion.env.CONSOLE_PORT=1', /CONSOLE_PORT/],
    ['secrets.DATABASE_URL=null', /DATABASE_URL/],
    ['secrets.STRIPE_WEBHOOK_SECRET.value=whsec_1', /value/],
    ['ingress.enabled=true', /host/],
    ['oversight.enabled=true', /oversight/],
    ['broker.kind=kafka', /BROKER_URL/],
    ['secrets.BROKER_URL.name=broker,secrets.BROKER_URL.key=url', /secrets/],
    ['spool.enabled=true', /spool/],
    ['env.BROKER_URL=redis://broker', /BROKER_URL/],
    ['env.HOOKKEEPER_SPOOL=/tmp', /HOOKKEEPER_SPOOL/],
    ['vault.secret.name=vault,vault.kms=alias/one', /vault/],
    ['networkPolicy.egress=everywhere', /egress/],
  ] as const)
    await assert.rejects(rendered(run, '--set', set), ({ stderr }) => why.test(stderr), set)
})

for (const [kind, port] of [
  ['redis', 6379],
  ['kafka', 9092],
  ['sqs', 443],
  ['pubsub', 443],
] as const)
  test(`with ${kind} both roles reach the broker, the migration does not, and none starts on one that loses`, {
    skip,
  }, async () => {
    const set = `processing.replicas=2,broker.kind=${kind},${BROKER}`
    const chart = await rendered(await helm.ready(), '--set', set, '--set-json', 'networkPolicy.processingEgress=[]')

    const ways = (part: string) => waysOut(chart, part).filter((one) => !one.includes('/'))
    assert.deepEqual(ways('ingestion'), ['53', '53', '5432', `${port}`])
    assert.deepEqual(ways('processing'), ['53', '53', '5432', `${port}`])
    assert.deepEqual(ways('migrate'), ['53', '53', '5432'])
    for (const pod of podsOf(chart)) {
      const { broker } = await configOf(pod)
      assert.equal(broker.requireDurable, pod.owner.kind !== 'Job')
      assert.equal(broker.url !== null, pod.owner.kind !== 'Job')
    }
  })

// A policy that shut the pods off from where a cloud says who they are had Pub/Sub, SQS and KMS refuse all that was asked.
for (const [set, who] of [
  [`broker.kind=pubsub,${BROKER}`, GOOGLE],
  [`broker.kind=sqs,${BROKER}`, AMAZON],
  ['vault.kms=alias/hookkeeper', AMAZON],
  [`broker.kind=sqs,vault.kms=alias/hookkeeper,${BROKER}`, AMAZON],
  [`broker.kind=pubsub,vault.kms=alias/hookkeeper,${BROKER}`, [...GOOGLE, ...AMAZON]],
  [`broker.kind=kafka,${BROKER}`, []],
] as const)
  test(`with ${set} both roles may ask their cloud who they are, and nothing else of the machine`, {
    skip,
  }, async () => {
    const chart = await rendered(await helm.ready(), '--set', set)

    const ways = (part: string) => waysOut(chart, part).filter((one) => one.includes('/'))
    assert.deepEqual(ways('ingestion'), who)
    assert.deepEqual(ways('processing'), who)
    assert.deepEqual(ways('migrate'), [])
  })

test('a way out of your own is one of both roles and not of the migration', { skip }, async () => {
  const chart = await rendered(await helm.ready(), '--values', 'test/deploy/values/everything.yaml')

  const own = (part: string) => waysOut(chart, part).filter((one) => one.startsWith('169.254.169.254/32'))
  assert.deepEqual(['ingestion', 'processing', 'migrate'].map(own), [
    ...['ingestion', 'processing'].map(() => ['169.254.169.254/32 80']),
    [],
  ])
})

test('a spool lies on a claim of its own pod that outlives pod and release, and only where events are taken', {
  skip,
}, async () => {
  const chart = await rendered(await helm.ready(), '--values', 'test/deploy/values/redis.yaml')

  const [ingestion, ...others] = chart.of('StatefulSet')
  assert.deepEqual(others, [])
  const { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy, template } = ingestion!.spec
  const [{ metadata, spec } = assert.fail()] = volumeClaimTemplates
  assert.deepEqual([spec.accessModes, spec.storageClassName], [['ReadWriteOnce'], 'fast'])
  assert.deepEqual(persistentVolumeClaimRetentionPolicy, { whenDeleted: 'Retain', whenScaled: 'Retain' })
  for (const pod of podsOf(chart)) {
    const { broker } = await configOf(pod)
    const mount = pod.container.volumeMounts.find(({ name }) => name === metadata.name)
    assert.equal(broker.spool, pod.owner === ingestion ? mount?.mountPath : null)
    // One that is not the user's own could not be written to.
    if (mount) assert.equal(pod.spec.securityContext.fsGroup, template.spec.securityContext.runAsUser)
  }
})

test('the master key is a file of those that seal and open, or a key that they reach', { skip }, async () => {
  const run = await helm.ready()
  const [file, kms] = await Promise.all(
    ['redis', 'sqs'].map((name) => rendered(run, '--values', `test/deploy/values/${name}.yaml`)),
  )

  for (const pod of podsOf(file!)) {
    const { vault } = await configOf(pod)
    const volume = pod.spec.volumes.find((one) => 'secret' in one)
    const mount = pod.container.volumeMounts.find(({ name }) => name === volume?.name)
    assert.equal(vault, mount ? `file:${mount.mountPath}/master` : null)
    assert.equal(mount !== undefined, pod.owner.kind !== 'Job')
  }
  for (const pod of podsOf(kms!))
    assert.equal((await configOf(pod)).vault, pod.owner.kind === 'Job' ? null : 'kms:alias/hookkeeper')
  const [account] = kms!.of('ServiceAccount')
  assert.ok(account?.metadata.annotations?.['eks.amazonaws.com/role-arn'])
})

test('the nodes of the locks are reached by those that work, and by nobody else', { skip }, async () => {
  const chart = await rendered(await helm.ready(), '--values', 'test/deploy/values/redis.yaml')

  const reach = chart
    .of('NetworkPolicy')
    .filter(({ spec }) => spec.egress.some(({ to }) => to?.some(({ ipBlock }) => ipBlock?.cidr === '10.1.0.0/16')))
  assert.deepEqual(
    reach.map(({ metadata }) => metadata.name),
    ['hookkeeper-processing'],
  )
})

test('the chart is of the version of the package', async () => {
  const chart = parse(await readFile(`${CHART}/Chart.yaml`, 'utf8'))
  const { version, description } = JSON.parse(await readFile('package.json', 'utf8'))

  assert.deepEqual([chart.version, chart.appVersion, chart.description], [version, version, description])
})

/** Each port that a part may reach, behind the addresses that it is open for if it is not for all. */
function waysOut({ of }: Rendered, part: string): string[] {
  const [policy] = of('NetworkPolicy').filter(({ metadata }) => metadata.name === `hookkeeper-${part}`)
  return policy!.spec.egress.flatMap(({ ports = [], to = [{}] }) =>
    to.flatMap(({ ipBlock }) => ports.map(({ port }) => (ipBlock ? `${ipBlock.cidr} ${port}` : `${port}`))),
  )
}

function configOf({ container }: Pod) {
  const env = container.env.map((one) => [one.name, 'value' in one ? one.value : sampleOf(one.name)])
  return configured(container.args, Object.fromEntries(env))
}

async function dockerfileSays(): Promise<{ user: string }> {
  const said = readDockerfile(await readFile('deploy/Dockerfile', 'utf8'))
  return { user: said.findLast(({ word }) => word === 'USER')?.text ?? '' }
}
