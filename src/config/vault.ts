/** Where the master key of the vault is. */
export type VaultPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'kms'; readonly key: string }
  /** That is no place: why, after the word `vault`. */
  | { readonly kind: 'none'; readonly why: string }

const ALL = 'write file:/path, env:NAME, or kms: and the ARN or alias/name of a key'

export function vaultPlace(written: string): VaultPlace {
  const [, kind = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(written) ?? []
  if (kind === 'file') return rest === '' ? none('names no file; write file:/path') : { kind, path: rest }
  if (kind === 'env') return named(rest)
  if (kind === 'kms') return inKms(rest)
  return none(`does not say where the master key is; ${ALL}`)
}

function named(name: string): VaultPlace {
  if (!/^[A-Za-z_]\w*$/.test(name)) return none('names no environment variable; write env:NAME, and the key into NAME')
  // Variables of that prefix are settings, and an unknown one is refused.
  if (name.startsWith('HOOKKEEPER_')) {
    return none('names a variable that begins with HOOKKEEPER_, as only settings do; name it VAULT_KEY, for example')
  }
  return { kind: 'env', name }
}

function inKms(key: string): VaultPlace {
  const known = /^(arn:[^:\s]+:kms:[^:\s]+:\d+:(key|alias)\/\S+|alias\/\S+)$/.test(key)
  return known
    ? { kind: 'kms', key }
    : none('names no key of AWS KMS; write kms:alias/name, or kms:arn:aws:kms:<region>:<account>:key/<id>')
}

const none = (why: string): VaultPlace => ({ kind: 'none', why })
