import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row, Verdict } from './rows.ts'

/** What `bench/results/<name>.json` holds. */
export interface Results {
  readonly name: string
  readonly at: string
  readonly commit: string
  readonly machine: string
  readonly rows: readonly Row[]
}

/** Writes the results where the next reader looks for them; gives the path. */
export function write(results: Results, dir: string): string {
  const path = join(dir, `${results.name}.json`)
  mkdirSync(dir, { recursive: true })
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`)
  return path
}

/** The results as people read them: the same rows, a line each. */
export function table(rows: readonly Row[]): string {
  return columns([
    ['subject', 'metric', 'unit', 'median', 'min', 'max', 'runs', 'ratio'],
    ...rows.map(({ subject, metric, unit, median, min, max, runs, ratio }) => [
      subject,
      metric,
      unit,
      number(median),
      number(min),
      number(max),
      String(runs),
      ratio ? `${number(ratio.value)} x ${ratio.to}` : '',
    ]),
  ])
}

/** The bars, a line each: kept or missed, and by what. */
export function barsTable(verdicts: readonly Verdict[]): string {
  return columns(
    verdicts.map(({ bar, measured, kept }) => [
      kept ? 'kept' : 'MISSED',
      bar.subject,
      bar.metric,
      Number.isNaN(measured) ? 'not measured' : number(measured),
      'atLeast' in bar ? `at least ${number(bar.atLeast)}` : `at most ${number(bar.atMost)}`,
      bar.of === null ? '' : `x ${bar.of}`,
    ]),
  )
}

/** Three digits that mean something, no more. */
function number(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

function columns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
}
