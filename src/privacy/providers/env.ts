import { failure } from '../../core/errors.ts'
import { localMaster } from '../local-master.ts'
import type { Master } from '../master.ts'

/** Master keys in an environment variable, separated by commas, the present one first. */
export function masterInEnv(name: string, env: Readonly<Record<string, string | undefined>>): Master {
  const place = `env:${name}`
  const remedy = `Make one: export ${name}="$(openssl rand -base64 32)"`
  return localMaster({
    place,
    remedy,
    async read() {
      const written = env[name]
      if (written === undefined) {
        throw failure('vault_master_unfit', { place, what: 'the variable is not set', remedy })
      }
      return written
    },
  })
}
