import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { failure } from '../core/errors.ts'
import type { Tree } from './layers.ts'

const NAMES = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((ending) => `hookkeeper.config.${ending}`)

/** The config file: the one that was named, else the one in `cwd`, else null. */
export function findFile(cwd: string, named: string | null): string | null {
  if (named !== null) {
    const file = resolve(cwd, named)
    if (!existsSync(file)) throw failure('config_unreadable', { file, what: 'there is no such file' })
    return file
  }
  const found = NAMES.filter((name) => existsSync(join(cwd, name)))
  if (found.length > 1) {
    throw failure('config_invalid', { where: cwd, what: `${found.join(' and ')} both configure Hookkeeper; keep one` })
  }
  return found[0] === undefined ? null : join(cwd, found[0])
}

/** What the file exports by default. */
export async function loadFile(file: string): Promise<Tree> {
  let module: { readonly default?: unknown }
  try {
    module = await import(pathToFileURL(file).href)
  } catch (error) {
    throw failure('config_unreadable', { file, what: firstLine(error) }, { cause: error })
  }
  const tree = module.default
  if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) return tree as Tree
  throw failure('config_unreadable', { file, what: `${basename(file)} has to export defineConfig({ ... }) by default` })
}

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
