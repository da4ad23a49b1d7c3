import { join } from 'node:path'
import type { Role } from '../../../src/config.ts'
import { pick, type Random } from '../../../src/core/random.ts'
import type { Place } from '../../services/place.ts'
import { type Answered, Sender } from '../sender.ts'
import { Up } from '../up.ts'

export interface FleetOptions {
  readonly place: Place
  readonly random: Random
  /** How many processes have which role. */
  readonly roles: Readonly<Partial<Record<Role, number>>>
  readonly env: Readonly<Record<string, string>>
}

/** A place in the fleet: when its process ends, another takes it. */
export interface Member {
  readonly role: Role
  readonly port: number
  readonly sender: Sender | null
  up: Up
  /** Its process is being replaced. */
  starting: Promise<unknown>
}

/** Processes of `up` over one database, as a cluster runs: some take events, some work them. */
export class Fleet {
  readonly members: Member[] = []
  /** How long each took to end that was asked to. */
  readonly stopsMs: number[] = []
  /** How many of which role were killed. */
  readonly killed: Partial<Record<Role, number>> = {}
  readonly #options: FleetOptions
  #env: FleetOptions['env']
  #next = 0

  constructor(options: FleetOptions) {
    this.#options = options
    this.#env = options.env
  }

  async start(): Promise<this> {
    await this.#compiled()
    for (const [role, count] of Object.entries(this.#options.roles) as [Role, number][])
      for (let n = 0; n < count; n++) await this.#join(role)
    await this.settled()
    return this
  }

  /** Resolves when every process has started; one that was killed meanwhile is waited for too. */
  async settled(): Promise<void> {
    for (const member of this.members) await member.starting
  }

  get roles(): readonly Role[] {
    return Object.keys(this.#options.roles) as Role[]
  }

  of(role: Role): readonly Member[] {
    return this.members.filter((member) => member.role === role)
  }

  any(): Member {
    return pick(this.#options.random, this.members)
  }

  /** Ends it without a word, and starts another in its place. */
  async kill(member: Member): Promise<void> {
    this.killed[member.role] = (this.killed[member.role] ?? 0) + 1
    await member.up.kill()
    this.#begin(member)
  }

  /** Asks it to end, and starts no other. */
  async stop(member: Member): Promise<void> {
    await member.starting
    const from = performance.now()
    await member.up.stop()
    this.stopsMs.push(performance.now() - from)
  }

  /** Starts one where one has ended. */
  restart(member: Member): Promise<unknown> {
    this.#begin(member)
    return member.starting
  }

  /** All of it anew, one after another, with these settings instead of what it had. */
  async roll(env: FleetOptions['env']): Promise<void> {
    this.#env = { ...this.#env, ...env }
    for (const member of this.members) {
      await this.stop(member)
      await this.restart(member)
    }
  }

  /** To the processes that take events, one after another, as a load balancer does. */
  post(body: Buffer): Promise<Answered> {
    const takers = this.of('ingestion')
    return takers[this.#next++ % takers.length]!.sender!.post(body)
  }

  async end(): Promise<void> {
    await Promise.all(this.members.map(({ sender }) => sender?.close()))
  }

  /** One process comes and goes, so that the others find their modules compiled, as a published package's nearly are. */
  async #compiled(): Promise<void> {
    const up = await this.#up('processing', await this.#options.place.port())
    await up.started()
    await up.stop()
  }

  async #join(role: Role): Promise<void> {
    const port = await this.#options.place.port()
    const sender = role === 'ingestion' ? new Sender(`http://127.0.0.1:${port}`) : null
    const up = await this.#up(role, port)
    const member: Member = { role, port, sender, up, starting: Promise.resolve() }
    this.members.push(member)
    member.starting = up.started()
  }

  #begin(member: Member): void {
    member.starting = (async () => {
      member.up = await this.#up(member.role, member.port)
      // One that is killed before it has started says so here, and the next one is waited for.
      await member.up.started().catch((error: unknown) => {
        if (!String(error).includes('SIGKILL')) throw error
      })
    })()
  }

  async #up(role: Role, port: number): Promise<Up> {
    const { place } = this.#options
    const ledger = join(await place.folder(), 'none.db')
    return new Up({ place, ledger, port, handlers: 'settled-in', env: { ...this.#env, HOOKKEEPER_ROLES: role } })
  }
}
