import { randomBytes } from 'node:crypto'
import { VirtualClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { Keyring, type KeyringOptions, type WrappedKey } from '../../src/privacy/keys.ts'
import { localMaster } from '../../src/privacy/local-master.ts'
import { Vault } from '../../src/privacy/vault.ts'

export const DAY_MS = 86_400_000
export const BOUND = { id: 'evt_1', lane: 'default:cus_1' }
export const BODY = new TextEncoder().encode('{"id":"evt_1","object":"event"}')

/** A shelf that several keyrings share, as processes share a ledger, and that can be out of reach. */
export class SharedShelf {
  readonly rows = new Map<number, WrappedKey>()
  readonly #clock: VirtualClock
  down = false
  looks = 0

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  async offer(key: WrappedKey): Promise<WrappedKey> {
    await this.#reached()
    if (!this.rows.has(key.day)) this.rows.set(key.day, key)
    return this.rows.get(key.day)!
  }

  async known(): Promise<readonly WrappedKey[]> {
    this.looks++
    const rows = [...this.rows.values()]
    await this.#reached()
    return rows
  }

  async destroy(days: number): Promise<number> {
    await this.#reached()
    const old = [...this.rows.keys()].filter((day) => day < Math.floor(this.#clock.now() / DAY_MS) - days)
    for (const day of old) this.rows.delete(day)
    return old.length
  }

  async #reached(): Promise<void> {
    await Promise.resolve()
    if (this.down) throw new Error('the ledger is out of reach')
  }
}

/** Master keys that a test can write anew. */
export function masters() {
  const written = { text: newMaster() }
  const master = localMaster({ place: 'test:masters', remedy: 'Write one.', read: async () => written.text })
  return { master, written }
}

export const newMaster = (): string => randomBytes(32).toString('base64')

/** What several processes share, and a vault in one of them for each call. */
export function company(options: Partial<KeyringOptions> = {}) {
  const clock = new VirtualClock(Date.UTC(2026, 10, 28, 12))
  const shelf = new SharedShelf(clock)
  const { master, written } = masters()
  const vault = () => new Vault(new Keyring({ shelf, master, clock, log: silent, days: 14, ...options }))
  const kept = async () => {
    const one = vault()
    await one.keep()
    return one
  }
  return { clock, shelf, master, written, vault, kept }
}
