import type { FileResult } from '../run/file.ts'

/** What was run where: without it the figures mean nothing. */
export interface Circumstances {
  readonly at: number
  readonly tookMs: number
  readonly commit: string
  readonly machine: string
  readonly command: string
}

/** The committed report: what was promised, how it went, and the figures that the tests told. */
export function report(results: readonly FileResult[], circumstances: Circumstances): string {
  const lines = [
    '# Chaos',
    '',
    'The promises of [guarantees](../guarantees.md) at their full size. Made by the command below, not by hand.',
    '',
    ...headOf(circumstances),
    '',
    '| file | passed | failed | skipped | took |',
    '|---|--:|--:|--:|--:|',
    ...results.map(row),
    ...results.flatMap(section),
  ]
  return `${lines.join('\n')}\n`
}

const row = ({ file, passed, failures, skips, tookMs }: FileResult): string =>
  `| \`${file}\` | ${passed} | ${failures.length} | ${skips.length} | ${(tookMs / 1_000).toFixed(1)} s |`

function section({ file, notes, skips, failures }: FileResult): string[] {
  const said = [
    ...notes.filter((note) => !isRow(note)).map((note) => `- ${note}`),
    ...skips.map(({ name, why }) => `- skipped: ${name}: ${why}`),
    ...failures.map(({ name, text }) => `- **failed**: ${name}: ${text.split('\n')[0]}`),
  ]
  const rows = notes.filter(isRow)
  const parts = [said, rows].filter((part) => part.length > 0).flatMap((part) => ['', ...part])
  return parts.length === 0 ? [] : ['', `## \`${file}\``, ...parts]
}

/** A test may tell a table, a row at a time. */
const isRow = (note: string): boolean => note.startsWith('|')

/** How a report came about. */
export const headOf = ({ at, tookMs, commit, machine, command }: Circumstances): string[] => [
  '| | |',
  '|---|---|',
  `| command | \`${command}\` |`,
  `| commit | \`${commit}\`${commit.endsWith('+') ? ' (`+`: with changes that were not committed)' : ''} |`,
  `| machine | ${machine} |`,
  `| began | ${new Date(at).toISOString()}, took ${Math.round(tookMs / 1_000)} s |`,
]
