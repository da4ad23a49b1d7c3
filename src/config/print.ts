import { masked } from './secrets.ts'
import { type Setting, settings } from './settings.ts'

/** The effective settings by name, secrets masked, each with the place that it came from. */
export function effectiveSettings(
  config: object,
  originOf: (setting: Setting) => string,
): readonly { readonly setting: string; readonly value: unknown; readonly from: string }[] {
  return settings().map((setting) => ({
    setting: setting.name,
    value: setting.secret ? hidden(valueAt(config, setting.path)) : valueAt(config, setting.path),
    from: originOf(setting),
  }))
}

/** The table of docs/config.md. */
export function configTable(): string {
  const rows = settings().map(
    ({ name, variables, fallback, secret, flag, about }) =>
      `| \`${name}\` | ${variables.map((one) => `\`${one}\``).join(', ')}${secret ? ' (or `..._FILE`)' : ''}${
        flag ? `, \`${flag}\`` : ''
      } | ${shown(fallback)} | ${about.replaceAll('|', '\\|')} |`,
  )
  return ['| setting | environment, flag | default | |', '|---|---|---|---|', ...rows, ''].join('\n')
}

function shown(fallback: unknown): string {
  if (fallback === null) return ''
  if (Array.isArray(fallback)) return fallback.length === 0 ? '' : `\`${fallback.join(',')}\``
  return typeof fallback === 'object' ? '' : `\`${fallback}\``
}

const valueAt = (config: unknown, path: readonly string[]): unknown =>
  path.reduce((value, key) => (value as Record<string, unknown>)[key], config)

/** Masks every text except the names and modes that are no secret. */
function hidden(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'name' || key === 'mode' ? value : masked(value)
  if (Array.isArray(value)) return value.map((one) => hidden(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, hidden(one, name)]))
}
