import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, constants, readFile, stat, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { AWAY } from '../examples/install.ts'
import { deliver, done, invoicePaid } from '../package/program.ts'
import { sizeOf } from '../package/project.ts'
import { until } from '../services/lines.ts'
import { Place } from '../services/place.ts'
import { readDockerfile } from './dockerfile.ts'
import { type Image, isRoot, replay } from './image.ts'

const FILE = 'deploy/Dockerfile'
const SECRET = 'whsec_9dKmXo2QpVtL7RzYbWnC4hFs'
const MB = 1_000_000
// With every driver: what Google's client for Pub/Sub brings is half of it.
const SIZE_MAX = 125 * MB
/** Longer than the longest drain. */
const END_MS = 20_000

const place = new Place('image', { endMs: END_MS })
after(() => place.end())
// Whoever is no root has to get through to the program.
const folder = await place.folder()
await chmod(folder, 0o755)
const built = await replay(FILE, folder).catch(async (error) => {
  // What is thrown here ends the file, and with it whatever should come after.
  await place.end()
  const away = AWAY.exec(`${error} ${error.stderr}`)?.[0]
  if (away === undefined || process.env['CI'] === 'true') throw error
  return `npm's registry is out of reach (${away})`
})
const skip = typeof built === 'string' && built
const { image, bases } = typeof built === 'string' ? { image: {} as Image, bases: [] } : built

test('every stage stands on the Node that the tests run on', { skip }, () => {
  const [major] = process.versions.node.split('.')

  assert.deepEqual(
    bases.filter((base) => base !== `node:${major}-slim`),
    [],
  )
})

test('a build is sent what the Dockerfile copies, and nothing else', async () => {
  const ignored = await readFile(`${FILE}.dockerignore`, 'utf8')
  const copied = readDockerfile(await readFile(FILE, 'utf8'))
    .filter(({ word, flags }) => word === 'COPY' && flags['from'] === undefined)
    .flatMap(({ text }) => text.split(/\s+/).slice(0, -1))

  const [all, ...again] = ignored.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  assert.equal(all, '*')
  assert.deepEqual(again.sort(), copied.map((path) => `!${path}`).sort())
})

test('a container is not root, and can write where its ledger lies and nowhere else', { skip }, async () => {
  assert.ok(image.user.uid > 0 && image.user.gid > 0)
  assert.deepEqual(image.ports, [4242, 4243])
  if (!isRoot()) return
  const writable = await spawned(['find', '.', '-writable', '-not', '-type', 'l'])
  assert.deepEqual(writable.output.trim().split('\n'), ['./.hookkeeper'])
})

test('a container works events with handlers in TypeScript, is healthy, and ends at SIGTERM', { skip }, async () => {
  const [port, privatePort] = [await place.port(), await place.port()]
  await writeFile(join(image.folder, 'stripe.ts'), HANDLERS)
  const env = {
    STRIPE_WEBHOOK_SECRET: SECRET,
    HOOKKEEPER_HANDLERS: 'stripe.ts',
    PORT: `${port}`,
    CONSOLE_PORT: `${privatePort}`,
    CONSOLE_HOST: '0.0.0.0',
    HOOKKEEPER_API_TOKEN: 'sample',
  }
  const container = started(image.command, env)
  await until('the container', container.stdout, /"started"/)

  const event = invoicePaid('evt_1image')
  const answer = await deliver(`http://127.0.0.1:${port}/webhooks/stripe`, { event, secret: SECRET })
  assert.equal(answer.status, 200)
  await done(`http://127.0.0.1:${privatePort}`, event.id, image.folder)
  assert.equal((await spawned(image.healthcheck, env)).code, 0)
  // As the kubelet and Prometheus ask: by the pod's address, the one without a token.
  const asked = ['/healthz', '/readyz', '/metrics'].map((path) => status(privatePort, path, '10.1.2.3'))
  assert.deepEqual(await Promise.all(asked), [200, 200, 401])

  await place.stop(container)
  assert.deepEqual([container.exitCode, container.signalCode], [0, null])
  assert.equal((await spawned(image.healthcheck, env)).code, 1)
})

test('the image brings every driver: the peers of the package, as they are locked', { skip }, async () => {
  const read = async (path: string) => JSON.parse(await readFile(path, 'utf8'))
  const { peerDependencies } = await read('package.json')
  const { packages } = await read('package-lock.json')

  for (const peer of Object.keys(peerDependencies)) {
    const { version } = await read(join(image.folder, 'node_modules', peer, 'package.json'))
    assert.equal(version, packages[`node_modules/${peer}`].version)
  }
})

test('the image is small: what it adds to that of Node', { skip }, async (t) => {
  const bytes = await sizeOf(join(image.folder, 'node_modules'), [])

  t.diagnostic(`${(bytes / MB).toFixed(1)} MB`)
  assert.ok(bytes < SIZE_MAX)
  assert.ok(!(await stat(join(image.folder, 'node_modules', 'typescript')).catch(() => null)))
  await access(join(image.folder, 'node_modules', 'hookkeeper', 'LICENSE'), constants.R_OK)
})

const HANDLERS = `import type { Cluster } from 'hookkeeper'
import { Dead } from 'hookkeeper'

export default function handlers(cluster: Cluster): void {
  cluster.on('invoice.paid', async (event) => {
    if (event.data.object.amount_paid !== 4900) throw new Dead('another invoice')
  })
}
`

/** As the container's user where we may choose one, with nothing of our own environment. */
const options = (env: Readonly<Record<string, string>>) => ({
  cwd: image.folder,
  env: { ...image.env, ...env },
  ...(isRoot() && image.user),
})

function started([command = '', ...args]: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return place.spawn(command, args, { ...options(env), stdio: ['ignore', 'pipe', 'inherit'] })
}

async function status(port: number, path: string, pod: string): Promise<number | undefined> {
  const request = get({ host: '127.0.0.1', port, path, headers: { host: `${pod}:${port}` }, agent: false })
  const [response] = await once(request, 'response')
  response.resume()
  return response.statusCode
}

async function spawned([command = '', ...args]: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(command, args, { ...options(env), stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  await once(child, 'close')
  return { code: child.exitCode, output }
}
