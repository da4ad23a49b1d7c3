import { failure } from '../core/errors.ts'
import { nearest } from './nearest.ts'
import { type Setting, settings } from './settings.ts'

/** What one place says: a tree of values, and for each setting in it where a person finds it. */
export interface Layer {
  readonly tree: Tree
  readonly placeOf: (path: readonly string[]) => string
}

export type Tree = { readonly [key: string]: unknown }

export type Env = Readonly<Record<string, string | undefined>>

/** The environment's layer. An empty variable counts as not set; an unknown HOOKKEEPER_ one is refused. */
export function fromEnv(env: Env): Layer {
  const known = variables()
  const places = new Map<string, string>()
  let tree: Tree = {}
  for (const [variable, value] of Object.entries(env)) {
    if (value === undefined || value.trim() === '') continue
    const target = known.get(variable)
    if (!target) {
      refuseUnknown(variable, known)
      continue
    }
    if (places.has(target.path.join('.'))) throw twice(variable)
    tree = put(tree, target.path, target.file ? { file: value.trim() } : value)
    places.set(target.path.join('.'), variable)
  }
  return { tree, placeOf: (path) => within(places, path.join('.')) }
}

/** The flags' layer: values by setting name, as the command line gave them. */
export function fromFlags(flags: Readonly<Record<string, unknown>>): Layer {
  const byName = new Map(settings().map((setting) => [setting.name, setting]))
  let tree: Tree = {}
  for (const [name, value] of Object.entries(flags)) {
    if (value !== undefined) tree = put(tree, name.split('.'), value)
  }
  return { tree, placeOf: (path) => byName.get(path.join('.'))?.flag?.split(' ')[0] ?? '--set' }
}

/** Later layers over earlier ones; lists and single values are replaced whole. What is undefined is not said. */
export function merged(over: Tree, under: Tree): Tree {
  const result: Record<string, unknown> = { ...under }
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue
    const below = result[key]
    result[key] = isTree(value) && isTree(below) && !('file' in value) ? merged(value, below) : value
  }
  return result
}

/** The place of the last layer that says something about a setting; null where none does. */
export const originOf = (layers: readonly Layer[], path: readonly string[]): string | null =>
  layers.findLast(({ tree }) => has(tree, path))?.placeOf(path) ?? null

/** The same, or the place that says something about what the setting is part of: where to look when it cannot be read. */
export const nearestOrigin = (layers: readonly Layer[], path: readonly string[]): string | null =>
  path.length === 0 ? null : (originOf(layers, path) ?? nearestOrigin(layers, path.slice(0, -1)))

function has(tree: unknown, path: readonly string[]): boolean {
  const [key, ...rest] = path
  if (key === undefined) return true
  return isTree(tree) && tree[key] !== undefined && Object.hasOwn(tree, key) && has(tree[key], rest)
}

/** The variables that fill a setting or its parts. */
function within(places: ReadonlyMap<string, string>, name: string): string {
  const parts = [...places].filter(([filled]) => filled === name || filled.startsWith(`${name}.`))
  return parts.map(([, variable]) => variable).join(', ')
}

interface Target {
  readonly path: readonly string[]
  /** The variable names a file in which the value stands. */
  readonly file: boolean
}

function variables(): ReadonlyMap<string, Target> {
  return new Map(
    settings().flatMap((setting) =>
      setting.variables.flatMap((variable): [string, Target][] => {
        const path = accountPaths[variable] ?? setting.path
        const plain: [string, Target] = [variable, { path, file: false }]
        return setting.secret ? [plain, [`${variable}_FILE`, { path, file: true }]] : [plain]
      }),
    ),
  )
}

const accountPaths: Readonly<Record<string, Setting['path']>> = {
  STRIPE_WEBHOOK_SECRET: ['accounts', 'default', 'webhookSecrets'],
  STRIPE_SECRET_KEY: ['accounts', 'default', 'secretKey'],
}

function refuseUnknown(variable: string, known: ReadonlyMap<string, Target>): void {
  if (!variable.startsWith('HOOKKEEPER_')) return
  const meant = nearest(variable, [...known.keys()])
  throw failure('config_unknown', {
    where: 'The environment',
    key: variable,
    suggestion: meant ? `Did you mean ${meant}?` : 'docs/config.md lists the variables.',
  })
}

function twice(variable: string) {
  const plain = variable.replace(/_FILE$/, '')
  return failure('config_invalid', { where: variable, what: `${plain} and ${plain}_FILE are both set; keep one` })
}

function put(tree: Tree, path: readonly string[], value: unknown): Tree {
  const [key = '', ...rest] = path
  if (rest.length === 0) return { ...tree, [key]: value }
  const below = tree[key]
  return { ...tree, [key]: put(isTree(below) ? below : {}, rest, value) }
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)
