import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { type Common, type Context, command } from './context.ts'

/** Writes what is missing and never touches what is there. */
export const init = (context: Context): Command =>
  command('init', 'Write a config file and a first handler into this project').action((options: Common) => {
    const { cwd, out } = context
    const kind = kindOf(cwd)
    const files = filesOf(kind, cwd)
    const results = Object.entries(files).map(([file, text]) => ({ file, written: writeNew(join(cwd, file), text) }))
    if (options.json) return out.write(`${JSON.stringify({ files: results, next: nextSteps(cwd) })}\n`)
    for (const { file, written } of results) out.write(`${written ? 'wrote  ' : 'kept   '}${file}\n`)
    out.write(
      `\nNext:\n${nextSteps(cwd)
        .map((step) => `  ${step}\n`)
        .join('')}`,
    )
  })

interface Kind {
  readonly typescript: boolean
  /** `import` and `export`, or `require` and `module.exports`. */
  readonly esm: boolean
  /** The ending under which Node reads a file of ours that way, whatever the package says. */
  readonly ending: 'ts' | 'mts' | 'js'
}

/** How this project writes its code. An empty one gets TypeScript: Node runs it as it is. */
export function kindOf(cwd: string): Kind {
  const manifest = manifestOf(cwd)
  const names = [...listing(cwd), ...listing(join(cwd, 'src'))]
  const types = { ...manifest.dependencies, ...manifest.devDependencies }
  const written = (ending: RegExp) => names.some((name) => ending.test(name) && !name.includes('.config.'))
  const typescript =
    existsSync(join(cwd, 'tsconfig.json')) || 'typescript' in types || written(/\.[mc]?ts$/) || !written(/\.[mc]?js$/)
  if (typescript)
    return { typescript, esm: true, ending: manifest.type === 'module' ? 'ts' : empty(manifest) ? 'ts' : 'mts' }
  return { typescript, esm: manifest.type === 'module', ending: 'js' }
}

// Without a "type" Node looks at the syntax, so `.ts` with `import` is read rightly; with "commonjs" it is not.
const empty = (manifest: Manifest) => manifest.type === undefined

interface Manifest {
  readonly type?: string
  readonly dependencies?: object
  readonly devDependencies?: object
}

function manifestOf(cwd: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'))
  } catch {
    return {}
  }
}

const listing = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])

function filesOf({ typescript, esm, ending }: Kind, cwd: string): Record<string, string> {
  const handler = `src/stripe.${ending}`
  const ignore = existsSync(join(cwd, '.gitignore')) ? null : { '.gitignore': 'node_modules/\n.env\n.hookkeeper/\n' }
  return {
    [`hookkeeper.config.${ending}`]: configText(handler, esm),
    [handler]: handlerText(typescript, esm),
    ...ignore,
  }
}

const configText = (handler: string, esm: boolean) =>
  esm
    ? `import { defineConfig } from 'hookkeeper'

export default defineConfig({
  handlers: './${handler}',
})
`
    : `const { defineConfig } = require('hookkeeper')

module.exports = defineConfig({
  handlers: './${handler}',
})
`

function handlerText(typescript: boolean, esm: boolean): string {
  const head = esm
    ? `export default function handlers(cluster${typescript ? ': Cluster' : ''}) {`
    : 'module.exports = function handlers(cluster) {'
  const body = `${head}
  cluster.on('invoice.paid', async (event, context) => {
    const invoice = event.data.object
    // Runs once per name, whatever is retried; \`key\` stays the same: pass it on as an idempotency key.
    await context.once('receipt', async (key) => {
      console.log('send a receipt for', invoice.id, key)
    })
  })
}
`
  return typescript ? `import type { Cluster } from 'hookkeeper'\n\n${body}` : body
}

function writeNew(file: string, text: string): boolean {
  if (existsSync(file)) return false
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text, { flag: 'wx' })
  return true
}

const nextSteps = (cwd: string): string[] => [
  ...(ignored(cwd) ? [] : ['Add .env and .hookkeeper/ to .gitignore.']),
  'stripe listen --forward-to localhost:4242/webhooks/stripe   (prints a whsec_... secret)',
  'Put it into .env: STRIPE_WEBHOOK_SECRET=whsec_...',
  'npx hookkeeper up --env-file .env',
]

function ignored(cwd: string): boolean {
  const file = join(cwd, '.gitignore')
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return /^\.env$/m.test(text) && /^\.hookkeeper\/?$/m.test(text)
}
