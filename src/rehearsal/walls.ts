import child_process from 'node:child_process'
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import { resolve, sep } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import worker_threads from 'node:worker_threads'
import { failure } from '../core/errors.ts'
import { trialNow } from './trial.ts'

export interface WallsOptions {
  /** `host:port` that may be reached. */
  readonly allow: readonly string[]
  /** SQLite files below it may be written. */
  readonly folder: string
}

/**
 * Nothing that runs in this process reaches out of it any more: no connection, datagram, name look-up, process, thread or other
 * database. What tries meets an error, and the event for which it tried is told. There is no way back, so the process is to be
 * one for this alone; Node's own permissions (no child process, no worker, no write, no addon) stand behind.
 */
export function raiseWalls(options: WallsOptions): Walls {
  const walls = { strays: 0 }
  const refuse = (what: string) => {
    const trial = trialNow()
    if (trial) return trial.meet(what)
    walls.strays++
    return failure('rehearsal_refused', { what })
  }
  const allowed = new Set(options.allow.map((one) => one.toLowerCase()))
  wallSockets(refuse, allowed)
  wallDatagrams(refuse)
  wallNames(refuse, allowed)
  wallProcesses(refuse)
  wallDatabases(refuse, options.folder)
  syncBuiltinESMExports()
  return walls
}

/** How often something was refused for which no event can be named. */
export interface Walls {
  readonly strays: number
}

type Refuse = (what: string) => Error

/** net, tls, http, https, http2, fetch and WebSocket all connect here. */
function wallSockets(refuse: Refuse, allowed: ReadonlySet<string>): void {
  const { connect } = net.Socket.prototype
  const wall = function (this: net.Socket, ...args: unknown[]): net.Socket {
    const { host, port, path } = targetOf(args)
    if (path === null && allowed.has(addressOf(host, port).toLowerCase()))
      return Reflect.apply(connect, this, args) as net.Socket
    const error = refuse(path === null ? (trialNow()?.address(host, port) ?? addressOf(host, port)) : 'a local socket')
    process.nextTick(() => this.destroy(error))
    return this
  }
  net.Socket.prototype.connect = wall as typeof connect
}

const addressOf = (host: string, port: string): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** `(port, host?)`, `(path)`, `(options)`, or what node:net makes of them for itself: `[[options, callback]]`. */
function targetOf([first, second]: unknown[]): { host: string; port: string; path: string | null } {
  if (Array.isArray(first)) return targetOf(first)
  if (typeof first === 'object' && first !== null) {
    const { host, port, path } = first as { host?: unknown; port?: unknown; path?: unknown }
    return { host: String(host ?? 'localhost'), port: String(port), path: path ? String(path) : null }
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return { host: '', port: '', path: first }
  return { host: typeof second === 'string' ? second : 'localhost', port: String(first), path: null }
}

function wallDatagrams(refuse: Refuse): void {
  const wall = function (this: dgram.Socket, ...args: unknown[]): void {
    const error = refuse('a datagram socket')
    const told = args.findLast((one) => typeof one === 'function') as ((error: Error) => void) | undefined
    process.nextTick(() => (told ? told(error) : this.listenerCount('error') > 0 && this.emit('error', error)))
  }
  dgram.Socket.prototype.send = wall as typeof dgram.Socket.prototype.send
  dgram.Socket.prototype.connect = wall as typeof dgram.Socket.prototype.connect
}

/** A name that is looked up has left the machine. Addresses, localhost and hosts that are allowed need no look-up, or may have one. */
function wallNames(refuse: Refuse, allowed: ReadonlySet<string>): void {
  const hosts = new Set(['localhost', ...[...allowed].map((one) => one.replace(/:\d+$/, ''))])
  const open = (name: unknown) => net.isIP(String(name)) !== 0 || hosts.has(String(name).toLowerCase())
  const asked = /^(lookup|lookupService|resolve\w*|reverse)$/
  const { lookup } = dns
  const { lookup: promised } = dns.promises
  const called = (...args: unknown[]) => {
    const error = refuse('a name server')
    const told = args.at(-1)
    if (typeof told !== 'function') throw error
    process.nextTick(() => told(error))
  }
  const rejected = async () => Promise.reject(refuse('a name server'))
  for (const at of [dns, dns.Resolver.prototype]) replace(at, asked, called)
  for (const at of [dns.promises, dns.promises.Resolver.prototype]) replace(at, asked, rejected)
  Object.assign(dns, {
    lookup: (...args: unknown[]) => (open(args[0]) ? Reflect.apply(lookup, dns, args) : called(...args)),
  })
  Object.assign(dns.promises, {
    lookup: (...args: unknown[]) => (open(args[0]) ? Reflect.apply(promised, dns.promises, args) : rejected()),
  })
}

function replace(at: object, names: RegExp, by: unknown): void {
  for (const name of Object.getOwnPropertyNames(at)) if (names.test(name)) Object.assign(at, { [name]: by })
}

function wallProcesses(refuse: Refuse): void {
  const wall = () => {
    throw refuse('another process')
  }
  replace(child_process, /^(spawn|exec|execFile|fork|spawnSync|execSync|execFileSync)$/, wall)
  const worker = new Proxy(worker_threads.Worker, {
    construct() {
      throw refuse('a thread of its own')
    },
  })
  Object.assign(worker_threads, { Worker: worker })
}

/** Node's permissions know nothing of node:sqlite. Reading is harmless; the class itself cannot be replaced, so its methods are. */
function wallDatabases(refuse: Refuse, folder: string): void {
  const within = `${resolve(folder)}${sep}`
  const { prototype } = DatabaseSync
  for (const name of ['exec', 'prepare'] as const) {
    const method = prototype[name]
    const wall = function (this: DatabaseSync, sql: string, ...rest: unknown[]): unknown {
      const file = this.location()
      if (file !== null && !resolve(file).startsWith(within) && !READS.test(sql)) throw refuse('another SQLite file')
      return Reflect.apply(method, this, [sql, ...rest])
    }
    Object.assign(prototype, { [name]: wall })
  }
}

const READS = /^\s*(select|explain|values)\b/i
