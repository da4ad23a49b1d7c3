import { readFileSync } from 'node:fs'

/** Ours. The manifest is two folders up, in the source as in what is published. */
export const version = (): string =>
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
