import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, constants, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { until } from './lines.ts'
import type { Place } from './place.ts'
import type { Recipe } from './recipe.ts'

const run = promisify(execFile)

/** What stands in for Google Pub/Sub. It takes anybody. */
export interface PubsubServer {
  /** `host:port`, as `PUBSUB_EMULATOR_HOST` names it. */
  readonly host: string
  readonly port: number
  /** Name and version of the emulator. */
  readonly version: string
}

/** Google's in-memory server, from its Go module. What is killed has forgotten its messages. */
export const pubsubServer: Recipe<PubsubServer> = {
  from: 'go',
  env: 'TEST_PUBSUB_HOST',
  present: async () =>
    access(await binary(), constants.X_OK).then(
      () => true,
      () => false,
    ),
  install: build,
  connect: async (host) => ({ host, port: Number(host.split(':')[1]), version: `Pub/Sub emulator at ${host}` }),
  start: startPubsub,
}

export async function startPubsub(place: Place): Promise<PubsubServer> {
  const port = await place.port()
  const child = place.spawn(await binary(), [`${port}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  await until('pstest', child.stdout, /listening/)
  return { host: `127.0.0.1:${port}`, port, version: await pubsubVersion() }
}

const FROM = fileURLToPath(new URL('pubsub/', import.meta.url))
const CACHE = fileURLToPath(new URL('../../.cache/go/', import.meta.url))
const BUILD_MS = 900_000

/** Named by what it is made of, so that another version is another file. */
async function binary(): Promise<string> {
  const made = createHash('sha256')
  for (const file of ['main.go', 'go.sum']) made.update(await readFile(join(FROM, file)))
  return join(CACHE, `pstest-${made.digest('hex').slice(0, 12)}`, 'pstest')
}

export async function pubsubVersion(): Promise<string> {
  const text = await readFile(join(FROM, 'go.mod'), 'utf8')
  return `pstest ${/pubsub\/v2 (v[\d.]+)/.exec(text)?.[1] ?? 'unknown'}`
}

/** Half a build is never seen. */
async function build(): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const fresh = await mkdtemp(join(CACHE, 'fresh-'))
  try {
    const made = join(fresh, 'pstest')
    await run('go', ['build', '-o', made, '.'], { cwd: FROM, timeout: BUILD_MS })
    const there = await binary()
    await mkdir(join(there, '..'), { recursive: true })
    await rename(made, there)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}
