import { z } from 'zod'
import { failure } from '../core/errors.ts'
import { leaf, listed } from './leaves.ts'

/** A secret as written in a config file: itself, or where to read it (again on SIGHUP). */
export type SecretInput = string | { readonly file: string }

export interface AccountInput {
  readonly secretKey?: SecretInput
  readonly webhookSecrets?:
    | SecretInput
    | readonly SecretInput[]
    | Readonly<Record<string, SecretInput | readonly SecretInput[]>>
}

export interface Account {
  readonly secretKey: string | null
  /** The mode of the key; null without a key. */
  readonly mode: 'live' | 'test' | null
  readonly webhookSecrets: readonly { readonly name: string | null; readonly secrets: readonly string[] }[]
}

/** An address part and the secrets that are tried for it. */
export interface Endpoint {
  /** `<account>` or `<account>/<name>`. */
  readonly endpoint: string
  readonly account: string
  readonly secrets: readonly string[]
}

type Path = readonly string[]

const NAME = /^[a-z0-9][a-z0-9._-]*$/i
const KEY = /^[sr]k_(?:org_)?(live|test)_/

export const account = z
  .strictObject({
    secretKey: leaf<unknown, string>('a Stripe secret key, sk_live_..., sk_test_... or rk_...', (value) =>
      typeof value === 'string' && KEY.test(value.trim()) ? value.trim() : undefined,
    )
      .nullable()
      .default(null),
    webhookSecrets: leaf<unknown, Account['webhookSecrets']>(
      'a secret, a list of secrets or { name: secret }, the names of letters, digits, dots, - and _',
      named,
    ).default([]),
  })
  .transform((given): Account => ({ ...given, mode: keyMode(given.secretKey) }))

/** Every endpoint that can be verified, in the order of the configuration. */
export function endpoints(accounts: Readonly<Record<string, Account>>): readonly Endpoint[] {
  return Object.entries(accounts).flatMap(([account, { webhookSecrets }]) =>
    webhookSecrets
      .filter(({ secrets }) => secrets.length > 0)
      .map(({ name, secrets }) => ({ endpoint: name === null ? account : `${account}/${name}`, account, secrets })),
  )
}

/** Refuses what cannot be a webhook secret, without ever showing it. */
export function checkSecret(secret: string, where: string): void {
  const what = /^["']/.test(secret)
    ? 'it stands in quotes'
    : KEY.test(secret)
      ? 'it is an API key'
      : !secret.startsWith('whsec_')
        ? 'it does not begin with whsec_'
        : /\s/.test(secret)
          ? 'there is white space in it'
          : secret.length === 'whsec_'.length
            ? 'nothing follows whsec_'
            : null
  if (what) throw failure('secret_invalid', { where, what })
}

/** `whsec_…` and the last four characters where enough stay hidden: enough to compare with the Dashboard, not to sign with. */
export function masked(secret: string): string {
  const prefix = /^(whsec|[sr]k_(?:org_)?(?:live|test))_/.exec(secret)?.[0] ?? ''
  return `${prefix}…${secret.length - prefix.length >= 16 ? secret.slice(-4) : ''}`
}

/** The tree with each `{ file }` in it replaced by what `read` finds there just now. */
export function withFilesRead(tree: unknown, read: (file: string, path: Path) => string, path: Path = []): unknown {
  if (Array.isArray(tree)) return tree.map((one, n) => withFilesRead(one, read, [...path, String(n)]))
  if (typeof tree !== 'object' || tree === null) return tree
  if (isFile(tree, path)) return read(tree.file, path)
  return Object.fromEntries(Object.entries(tree).map(([key, one]) => [key, withFilesRead(one, read, [...path, key])]))
}

// Directly under webhookSecrets an object names endpoints, and `file` may be the name of one.
const isFile = (tree: object, path: Path): tree is { file: string } =>
  'file' in tree &&
  typeof tree.file === 'string' &&
  Object.keys(tree).length === 1 &&
  (path.at(-1) !== 'webhookSecrets' || !tree.file.startsWith('whsec_'))

function named(value: unknown): Account['webhookSecrets'] | undefined {
  const plain = listed(Array.isArray(value) ? value.join(',') : value)
  if (plain) return [{ name: null, secrets: plain }]
  if (typeof value !== 'object' || value === null) return undefined
  const each = Object.entries(value).map(([name, one]) => ({
    name,
    secrets: listed(Array.isArray(one) ? one.join(',') : one),
  }))
  return each.every((one): one is { name: string; secrets: readonly string[] } => NAME.test(one.name) && !!one.secrets)
    ? each
    : undefined
}

function keyMode(key: string | null): Account['mode'] {
  return (key && (KEY.exec(key)?.[1] as 'live' | 'test')) || null
}
