import { resolve } from 'node:path'
import { type Env, vaultPlace } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import type { Logger } from '../core/service.ts'
import { Keyring } from '../privacy/keys.ts'
import type { Master } from '../privacy/master.ts'
import { Vault } from '../privacy/vault.ts'
import type { EdgeKeys } from '../store/edge-keys.ts'

export interface VaultOptions {
  /** What a relative path counts from. */
  readonly cwd: string
  /** Where `env:NAME` is looked up. */
  readonly env: Env
  /** The ledger's, where all processes find the same keys. */
  readonly edgeKeys: EdgeKeys
  readonly vaultDays: number
  readonly clock: Clock
  readonly log: Logger
  /** The age of the broker's oldest message: its key is not destroyed. */
  readonly oldestMs?: () => Promise<number>
}

/** The vault that a HOOKKEEPER_VAULT names. It has no keys before its first `keep()`: `keeper(vault, ...)` is the service for that. */
export async function openVault(
  place: string,
  { cwd, env, edgeKeys, vaultDays, ...options }: VaultOptions,
): Promise<Vault> {
  return new Vault(
    new Keyring({ ...options, days: vaultDays, shelf: edgeKeys, master: await masterAt(place, cwd, env) }),
  )
}

/** Each kind of place is loaded when it is asked for. */
async function masterAt(written: string, cwd: string, env: Env): Promise<Master> {
  const place = vaultPlace(written)
  switch (place.kind) {
    case 'file':
      return (await import('../privacy/providers/file.ts')).masterInFile(resolve(cwd, place.path))
    case 'env':
      return (await import('../privacy/providers/env.ts')).masterInEnv(place.name, env)
    case 'kms':
      return (await import('../privacy/providers/kms.ts')).masterInKms(place.key)
    case 'none':
      throw failure('config_invalid', { where: 'HOOKKEEPER_VAULT', what: `vault ${place.why}` })
  }
}
