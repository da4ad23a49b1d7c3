import type { FileResult } from './file.ts'

const SLOWEST = 5

/** One line per file, as it ends. */
export function fileLine({ file, tookMs, passed, failures, skips }: FileResult): string {
  const mark = failures.length > 0 ? 'FAIL' : 'ok  '
  const counts = [`${passed} passed`, count(failures.length, 'failed'), count(skips.length, 'skipped')]
  return `  ${mark} ${seconds(tookMs).padStart(7)}  ${file}  ${counts.filter(Boolean).join(', ')}`
}

/** What is read after the run: notes, slowest files, skips, failures with their text, and last the three numbers. */
export function closing(results: readonly FileResult[]): string {
  const sections = [notes(results), slowest(results), skips(results), failures(results), numbers(results)]
  return sections
    .filter((section) => section !== '')
    .map((section) => `\n${section}`)
    .join('\n')
}

function notes(results: readonly FileResult[]): string {
  const told = results.filter((result) => result.notes.length > 0)
  return told.map(({ file, notes }) => [file, ...notes.map((note) => indent(note))].join('\n')).join('\n')
}

function slowest(results: readonly FileResult[]): string {
  const first = [...results].sort((a, b) => b.tookMs - a.tookMs).slice(0, SLOWEST)
  return ['slowest files', ...first.map(({ file, tookMs }) => `  ${seconds(tookMs).padStart(7)}  ${file}`)].join('\n')
}

function skips(results: readonly FileResult[]): string {
  const lines = results.flatMap(({ file, skips }) => skips.map(({ name, why }) => `  ${file}: ${name}: ${why}`))
  return lines.length === 0 ? '' : ['skipped', ...lines].join('\n')
}

function failures(results: readonly FileResult[]): string {
  const all = results.flatMap(({ file, failures }) => failures.map((failure) => ({ file, ...failure })))
  return all
    .map(({ file, name, text }) => `FAIL ${name === file ? file : `${file}: ${name}`}\n${indent(text)}`)
    .join('\n\n')
}

function numbers(results: readonly FileResult[]): string {
  const sum = (of: (result: FileResult) => number) => results.reduce((total, result) => total + of(result), 0)
  const passed = sum((result) => result.passed)
  const failed = sum((result) => result.failures.length)
  const skipped = sum((result) => result.skips.length)
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

const count = (number: number, word: string) => (number === 0 ? '' : `${number} ${word}`)
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const indent = (text: string) => text.replace(/^/gm, '  ')
