import type { ChildProcess } from 'node:child_process'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Guard, guarded, guardIn, scramOf } from './kafka-guard.ts'
import { until } from './lines.ts'
import { type MavenProgram, mavenClasspath, mavenInstall, mavenPresent } from './maven.ts'
import { Place } from './place.ts'
import type { Recipe } from './recipe.ts'

const run = promisify(execFile)

export interface Kafka {
  /** `host:port` of each broker, comma between them: where a client asks first. */
  readonly servers: string
  readonly version: string
  /** Empty when they were not started here. */
  readonly nodes: readonly KafkaNode[]
  /** Who may come by the `guardedPort` of a node. Null when they were not started here. */
  readonly guard: Guard | null
  stop(): Promise<void>
}

export interface KafkaNode {
  /** From 1 on, as the cluster calls it. */
  readonly id: number
  readonly port: number
  /** Of a second listener, for a proxy to stand before: clients that come by it are told that it is at `proxyPort`. */
  readonly proxiedPort: number
  readonly proxyPort: number
  /** Of a third one, that speaks TLS and asks for a password. */
  readonly guardedPort: number
  readonly pid: number | null
  /** By its process id and without warning, as `kill -9` does. */
  kill(): Promise<void>
  /** In good order. */
  end(): Promise<void>
  /** Again, over the same data and on the same ports; resolves when it serves. */
  start(): Promise<void>
}

const PROGRAM: MavenProgram = {
  name: 'kafka',
  version: '4.1.0',
  artifacts: ['org.apache.kafka:kafka_2.13:4.1.0', 'org.slf4j:slf4j-simple:1.7.36'],
}

export const kafkaVersion = `Kafka ${PROGRAM.version}`

/** Kafka without ZooKeeper (KRaft), from Maven Central. `TEST_KAFKA` names one that runs, as `host:port,host:port`. */
export const kafkaServer: Recipe<Kafka> = {
  from: 'maven',
  env: 'TEST_KAFKA',
  present: async () => (await mavenPresent(PROGRAM)) && existsSync(ARCHIVE),
  async install() {
    await mavenInstall(PROGRAM)
    await archive()
  },
  connect: async (servers) => ({ servers, version: 'unknown', nodes: [], guard: null, stop: async () => {} }),
  start: (place) => startKafka(place),
}

/** Three of them, each broker and controller at once: one may be lost at any time. */
export const kafkaTrio: Recipe<Kafka> = { ...kafkaServer, start: (place) => startKafka(place, { count: 3 }) }

/**
 * May be called more than once in one place. One broker alone has each append on the disk before it answers; three rely, as
 * Kafka's users do, on each other: what two of them have heard outlives any one of them.
 */
export async function startKafka(place: Place, { count = 1, java = ARCHIVED } = {}): Promise<Kafka> {
  const dir = await mkdtemp(join(await place.folder(), 'kafka-'))
  const ports: Ports[] = []
  for (let id = 1; id <= count; id++) {
    const [port, proxied, proxy, guard, quorum] = await Promise.all(Array.from({ length: 5 }, () => place.port()))
    ports.push({ id, port, proxied, proxy, guard, quorum } as Ports)
  }
  const guard = await guardIn(dir)
  const voters = ports.map(({ id, quorum }) => `${id}@127.0.0.1:${quorum}`).join(',')
  for (const one of ports) await writeFile(fileOf(dir, one.id), properties(dir, one, { voters, count }))
  await format(dir, ports, guard)
  const nodes = ports.map((one) => new Node(place, { dir, java }, one))
  await Promise.all(nodes.map((node) => node.start()))
  return {
    servers: nodes.map(({ port }) => `127.0.0.1:${port}`).join(','),
    version: PROGRAM.version,
    nodes,
    guard,
    stop: async () => void (await Promise.all(nodes.map((node) => node.kill()))),
  }
}

interface Ports {
  readonly id: number
  readonly port: number
  readonly proxied: number
  readonly proxy: number
  readonly guard: number
  readonly quorum: number
}

class Node implements KafkaNode {
  readonly id: number
  readonly port: number
  readonly proxiedPort: number
  readonly proxyPort: number
  readonly guardedPort: number
  readonly #place: Place
  readonly #dir: string
  readonly #java: readonly string[]
  #child: ChildProcess | null = null

  constructor(
    place: Place,
    { dir, java }: { dir: string; java: readonly string[] },
    { id, port, proxied, proxy, guard }: Ports,
  ) {
    this.#place = place
    this.#dir = dir
    this.#java = java
    this.id = id
    this.port = port
    this.proxiedPort = proxied
    this.proxyPort = proxy
    this.guardedPort = guard
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  async start(): Promise<void> {
    const log = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', `-Dorg.slf4j.simpleLogger.log.${STARTED}=info`]
    const words = [
      ...JAVA,
      ...this.#java,
      '-Xmx256m',
      ...log,
      '-cp',
      CLASSPATH,
      'kafka.Kafka',
      fileOf(this.#dir, this.id),
    ]
    // It has nothing to tidy up that a test would wait for.
    this.#child = this.#place.spawn('java', words, { endBy: 'SIGKILL', stdio: ['ignore', 'ignore', 'pipe'] })
    await until(`kafka ${this.id}`, this.#child.stderr, /Kafka Server started/)
  }

  async kill(): Promise<void> {
    if (this.#child) await this.#place.stop(this.#child)
  }

  async end(): Promise<void> {
    if (this.#child?.kill('SIGTERM')) await once(this.#child, 'exit')
  }
}

const CLASSPATH = mavenClasspath(PROGRAM)
const STARTED = 'kafka.server.KafkaRaftServer'
// It is up in half the time when nothing is compiled that will not pay within a minute.
const JAVA = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']
/** Classes as they lay in the memory of one that had started: the next ones start with half the work. */
const ARCHIVE = join(CLASSPATH, '..', '..', `${PROGRAM.name}-${PROGRAM.version}.jsa`)
const ARCHIVED = [`-XX:SharedArchiveFile=${ARCHIVE}`]

/** Java writes it when it ends in good order. Half an archive is never seen. */
async function archive(): Promise<void> {
  if (existsSync(ARCHIVE)) return
  const place = new Place('kafka-archive')
  const fresh = `${ARCHIVE}-${randomBytes(4).toString('hex')}`
  try {
    const { nodes } = await startKafka(place, { java: [`-XX:ArchiveClassesAtExit=${fresh}`] })
    for (const node of nodes) await node.end()
    await rename(fresh, ARCHIVE)
  } finally {
    await place.end()
    await rm(fresh, { force: true })
  }
}

const fileOf = (dir: string, id: number) => join(dir, `server-${id}.properties`)
const dataOf = (dir: string, id: number) => join(dir, `data-${id}`)

/** A Java of its own formats the first folder; the others differ in two lines. */
async function format(dir: string, ports: readonly Ports[], guard: Guard): Promise<void> {
  const cluster = uuid()
  const words = ['format', '-t', cluster, '-c', fileOf(dir, 1), '--add-scram', scramOf(guard)]
  await run('java', [...JAVA, '-cp', CLASSPATH, 'kafka.tools.StorageTool', ...words])
  for (const { id } of ports.slice(1)) {
    await mkdir(dataOf(dir, id))
    await cp(join(dataOf(dir, 1), 'bootstrap.checkpoint'), join(dataOf(dir, id), 'bootstrap.checkpoint'))
    const meta = { version: 1, 'cluster.id': cluster, 'node.id': id, 'directory.id': uuid() }
    await writeFile(join(dataOf(dir, id), 'meta.properties'), lines(meta))
  }
}

/** As Kafka writes them. It takes none that begins with a dash. */
function uuid(): string {
  const text = randomBytes(16).toString('base64url')
  return text.startsWith('-') ? uuid() : text
}

interface Cluster {
  readonly voters: string
  readonly count: number
}

function properties(dir: string, ports: Ports, { voters, count }: Cluster): string {
  const { id, port, proxied, proxy, guard, quorum } = ports
  const at = (name: string, at: number) => `${name}://127.0.0.1:${at}`
  const outside = [at('PLAINTEXT', port), at('GUARDED', guard)]
  const copies = Math.min(count, 3)
  return lines({
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': voters,
    listeners: [...outside, at('PROXIED', proxied), at('CONTROLLER', quorum)].join(','),
    'advertised.listeners': [...outside, at('PROXIED', proxy)].join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,GUARDED:SASL_SSL,CONTROLLER:PLAINTEXT',
    ...guarded(dir),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': dataOf(dir, id),
    'auto.create.topics.enable': false,
    'default.replication.factor': copies,
    'min.insync.replicas': count > 1 ? 2 : 1,
    'offsets.topic.num.partitions': 3,
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': copies,
    'group.initial.rebalance.delay.ms': 0,
    // A dead broker is out after two seconds, not nine: tests wait for it.
    'broker.heartbeat.interval.ms': 500,
    'broker.session.timeout.ms': 2000,
    ...(count === 1 && { 'log.flush.interval.messages': 1 }),
  })
}

const lines = (settings: Readonly<Record<string, string | number | boolean>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
