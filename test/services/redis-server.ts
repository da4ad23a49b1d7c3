import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aptInstall, onPath } from './apt.ts'
import { until } from './lines.ts'
import type { Place } from './place.ts'
import type { Recipe } from './recipe.ts'

const run = promisify(execFile)

export interface Redis {
  readonly url: string
  readonly port: number
  readonly version: string
  /** Null when it was not started here. */
  readonly pid: number | null
  /** Ends it by its process id; one that was not started here is left alone. */
  stop(): Promise<void>
  /** Ends it without warning. */
  kill(): Promise<void>
  /** After it was stopped or killed: again over the same data, at the same port. */
  start(): Promise<void>
}

/** Redis from Debian. `TEST_REDIS_URLS` names one or more that run, comma between them; the first is taken. */
export const redisServer: Recipe<Redis> = {
  from: 'apt',
  env: 'TEST_REDIS_URLS',
  present: () => onPath('redis-server'),
  install: () => aptInstall('redis-server'),
  connect: async (urls) => given(urls.split(',')[0] ?? ''),
  start: startRedis,
}

/**
 * Starts one that acknowledges a write only when it would survive a crash, as every use of Redis in this project asks for. May be
 * called more than once in one place: each has its own folder and port. `more` are settings beside those.
 */
export async function startRedis(place: Place, more: Readonly<Record<string, string>> = {}): Promise<Redis> {
  const port = await place.port()
  const dir = await mkdtemp(join(await place.folder(), 'redis-'))
  const settings = { port, bind: '127.0.0.1', dir, ...DURABLE, ...more }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const begin = async () => {
    const child = place.spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] })
    await until('redis-server', child.stdout, /Ready to accept connections/)
    return child
  }
  let child = await begin()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    version: await redisVersion(),
    get pid() {
      return child.pid ?? null
    },
    stop: () => place.stop(child),
    kill: () => killed(child),
    async start() {
      child = await begin()
    },
  }
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  if (child.kill('SIGKILL')) await gone
}

/** Of the program on the PATH. */
export async function redisVersion(): Promise<string> {
  const { stdout } = await run('redis-server', ['--version'])
  return /v=([\d.]+)/.exec(stdout)?.[1] ?? 'unknown'
}

/** One command to a Redis without a password, and its answer as Redis writes it (RESP). For what needs no client's package. */
export async function ask(url: string, ...words: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port || 6379) }).setEncoding('utf8')
  const command = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')
  // QUIT makes Redis close the connection behind the answer, so that it is whole when the stream ends.
  socket.write(`*${words.length}\r\n${command}*1\r\n$4\r\nQUIT\r\n`)
  const answer = (await socket.toArray()).join('').replace(/\+OK\r\n$/, '')
  if (answer.startsWith('-')) throw new Error(`Redis at ${hostname}:${port} refused ${words[0]}: ${answer.trim()}`)
  return answer
}

// A log that is synced before each answer, no snapshots beside it, and nothing thrown away when the memory it may take is full.
const DURABLE = {
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  maxmemory: '512mb',
  'maxmemory-policy': 'noeviction',
}

async function given(url: string): Promise<Redis> {
  const version = /redis_version:([\d.]+)/.exec(await ask(url, 'INFO', 'server'))?.[1] ?? 'unknown'
  return {
    url,
    port: Number(new URL(url).port || 6379),
    pid: null,
    version,
    stop: async () => {},
    kill: notOurs,
    start: notOurs,
  }
}

async function notOurs(): Promise<never> {
  throw new Error('A Redis that was not started here is left alone.')
}
