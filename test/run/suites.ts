import { readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'

/** What is run together, and how it bears company on a machine of two cores. */
export interface Suite {
  readonly name: string
  /** Folders under `test/`; null takes every folder that no other suite claims. */
  readonly folders: readonly string[] | null
  readonly atOnce: number
  /** A file that has not ended by then is ended, and has failed. */
  readonly limitMs: number
  /** It runs beside the suite before it: none of them fills the machine by itself. */
  readonly beside?: true
}

/** In the order in which they run: what fails fastest comes first, what needs the machine for itself comes last. */
export const SUITES: readonly Suite[] = [
  { name: 'unit', folders: null, atOnce: 2, limitMs: 120_000 },
  { name: 'conformance', folders: ['conformance'], atOnce: 4, limitMs: 600_000 },
  { name: 'examples', folders: ['examples'], atOnce: 1, limitMs: 600_000 },
  { name: 'simulation', folders: ['simulation'], atOnce: 1, limitMs: 1_800_000, beside: true },
  { name: 'services', folders: ['services', 'demo'], atOnce: 1, limitMs: 900_000, beside: true },
  { name: 'deploy', folders: ['deploy'], atOnce: 1, limitMs: 900_000, beside: true },
  { name: 'promises', folders: ['promises'], atOnce: 1, limitMs: 3_600_000 },
  { name: 'postgres', folders: ['postgres'], atOnce: 1, limitMs: 3_600_000, beside: true },
  { name: 'brokers', folders: ['brokers'], atOnce: 1, limitMs: 14_400_000 },
  { name: 'package', folders: ['package'], atOnce: 1, limitMs: 180_000, beside: true },
  { name: 'browser', folders: ['browser'], atOnce: 1, limitMs: 300_000 },
]

export interface Batch {
  readonly suite: Suite
  readonly files: readonly string[]
}

/** What runs side by side, in order. */
export function rounds(plan: readonly Batch[]): readonly (readonly Batch[])[] {
  return plan.reduce<Batch[][]>((rounds, batch) => {
    if (batch.suite.beside && rounds.length > 0) rounds.at(-1)?.push(batch)
    else rounds.push([batch])
    return rounds
  }, [])
}

/** Every test file under `root`, in a stable order. */
export async function discover(root: string): Promise<string[]> {
  const found = await readdir(root, { recursive: true })
  return found
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join(root, file))
    .sort()
}

/** The files that were asked for by suite, folder or file; all of them when nothing was. */
export function batches(files: readonly string[], only: readonly string[]): Batch[] {
  const unknown = only.find((word) => !files.some((file) => meant(file, word)))
  if (unknown !== undefined)
    throw new Error(`No test file is in ${unknown}. It takes a suite (${names()}), a folder or a file.`)
  const all = SUITES.map((suite) => ({
    suite,
    files: files.filter(
      (file) => suiteOf(file) === suite && (only.length === 0 || only.some((word) => meant(file, word))),
    ),
  }))
  return all.filter((batch) => batch.files.length > 0)
}

const meant = (file: string, word: string): boolean => suiteOf(file).name === word || under(file, word)

function suiteOf(file: string): Suite {
  const folder = file.split(sep)[1] ?? ''
  const owner =
    SUITES.find((suite) => suite.folders?.includes(folder)) ?? SUITES.find((suite) => suite.folders === null)
  if (owner === undefined) throw new Error(`No suite takes ${file}.`)
  return owner
}

function under(file: string, word: string): boolean {
  const path = word.replace(/^\.\//, '').replace(/\/$/, '')
  return file === path || file.startsWith(`${path}/`)
}

const names = () => SUITES.map((suite) => suite.name).join(', ')
