import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after } from 'node:test'

/** What one driver kept of its suite when it was last tried, and on what. */
export interface Kept {
  readonly suite: 'broker' | 'lock'
  readonly driver: string
  /** As the service says itself. */
  readonly version: string
  /** What its surroundings can do to it, so that a promise can be tried. */
  readonly offers: readonly string[]
  readonly promises: readonly string[]
}

interface Harness {
  readonly offers: readonly string[]
  version(): Promise<string>
}

const FOLDER = 'test/conformance/kept'

/** Remembers which promises were kept; with `CONFORMANCE=write` that is written down for the documents. */
export function record(suite: Kept['suite'], driver: string, { offers, version }: Harness): (promise: string) => void {
  const promises = new Set<string>()
  if (process.env['CONFORMANCE'] !== 'write') return () => {}
  after(async () => {
    const kept: Kept = { suite, driver, version: await version(), offers, promises: [...promises] }
    await mkdir(FOLDER, { recursive: true })
    const file = `${suite}-${driver.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.json`
    await writeFile(join(FOLDER, file), `${JSON.stringify(kept, null, 2)}\n`)
  })
  return (promise) => void promises.add(promise)
}

/** What was written down, by driver. */
export const readKept = (): Kept[] =>
  readdirSync(FOLDER)
    .sort()
    .map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Kept)

interface Asked {
  readonly name: string
  readonly needs: readonly string[]
}

/**
 * A row for each promise, a column for each driver. Refuses what was tried before the suite changed: a table must not say of a promise
 * that it is kept when nobody has looked.
 */
export function matrix(suite: readonly Asked[], all: readonly Kept[]): { head: string[]; rows: string[][] } {
  for (const kept of all) {
    const asked = suite.filter(({ needs }) => needs.every((need) => kept.offers.includes(need))).map(({ name }) => name)
    const stale = [
      ...asked.filter((name) => !kept.promises.includes(name)),
      ...kept.promises.filter((name) => !asked.includes(name)),
    ]
    if (stale.length > 0)
      throw new Error(
        `${kept.driver} was not tried with: ${stale[0]}. CONFORMANCE=write npm test -- conformance tries it.`,
      )
  }
  return {
    head: ['', ...all.map(({ driver }) => driver)],
    rows: suite.map(({ name }) => [name, ...all.map(({ promises }) => (promises.includes(name) ? 'kept' : ''))]),
  }
}
