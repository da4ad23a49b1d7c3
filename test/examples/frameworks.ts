import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { CLONE } from '../../src/ingestion/fetch.ts'
import { LINES } from '../../src/ingestion/node.ts'

const run = promisify(execFile)
const NEXT = 'node_modules/next/dist/bin/next'
const TSC = 'node_modules/typescript/bin/tsc'

/** How an example is started, and the way in which people get its body parsed before it can be verified. */
export interface Framework {
  readonly name: string
  /** Words for Node. */
  readonly start: readonly string[]
  readonly build?: readonly string[]
  /** What it prints once it takes events. */
  readonly up: RegExp
  readonly mistakes: readonly Mistake[]
}

export interface Mistake {
  /** Words of the answer that say how to mend it. */
  readonly told: string
  readonly path?: string
  /** The file that is edited, or written where there is none. */
  readonly file: string
  readonly edit: (text: string) => string
  /** Adds the words told to the wrong text. Where it is missing, the example itself holds them. */
  readonly mend?: (wrong: string) => string
  /** Where it differs from the framework's. */
  readonly start?: readonly string[]
}

const UP = /Stripe posts to/

export const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'express',
    start: ['server.mts'],
    up: UP,
    mistakes: [
      {
        told: LINES.express,
        file: 'server.mts',
        edit: (text) => text.replace("app.post('/webhooks", 'app.use(express.json())\n$&'),
        mend: (wrong) =>
          wrong.replace(
            'app.use(express.json())',
            `${LINES.express.replace(', placed before express.json()', '')}\n$&`,
          ),
      },
    ],
  },
  {
    name: 'fastify',
    start: ['server.mts'],
    up: UP,
    mistakes: [
      {
        told: LINES.fastify,
        file: 'server.mts',
        edit: (text) => text.replace(/^ *app.addContentTypeParser.*\n/m, ''),
      },
    ],
  },
  {
    name: 'hono',
    start: ['server.mts'],
    up: UP,
    mistakes: [
      {
        told: CLONE,
        file: 'server.mts',
        edit: (text) =>
          text.replace(
            "app.post('/webhooks",
            'app.use(async (c, next) => void (await c.req.json(), await next()))\n$&',
          ),
      },
    ],
  },
  {
    name: 'node-http',
    start: ['server.mjs'],
    up: UP,
    mistakes: [
      {
        told: 'hand the request over unread',
        file: 'server.mjs',
        edit: (text) =>
          text.replace(
            'createServer((req, res) => {',
            'createServer(async (req, res) => {\n  for await (const _ of req);',
          ),
      },
    ],
  },
  {
    name: 'nestjs',
    start: ['dist/main.mjs'],
    build: [TSC],
    up: UP,
    mistakes: [{ told: LINES.nest, file: 'src/main.mts', edit: (text) => text.replace('rawBody: true, ', '') }],
  },
  {
    name: 'next',
    start: [NEXT, 'start'],
    build: [NEXT, 'build'],
    up: /Ready/,
    mistakes: [
      {
        told: CLONE,
        path: '/parsed',
        start: [NEXT, 'dev'],
        file: 'app/parsed/route.ts',
        edit: () => `import { cluster } from '../../lib/hookkeeper'
export async function POST(request: Request) {
  await request.json()
  return cluster.fetch(request)
}
`,
      },
      {
        told: LINES.next,
        path: '/api/parsed',
        start: [NEXT, 'dev'],
        file: 'pages/api/parsed.ts',
        edit: () => `import { cluster } from '../../lib/hookkeeper'
export default cluster.node
`,
        mend: (wrong) => `${wrong}${LINES.next.replace(/, in the file.*/, '')}\n`,
      },
    ],
  },
]

export async function build(dir: string, { build: words }: Pick<Framework, 'build'>): Promise<void> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...QUIET }
  if (words) await run(process.execPath, [...words], { cwd: dir, env })
}

/** Nothing is told to anybody, and a signal is the program's own to handle. */
export const QUIET = {
  NEXT_TELEMETRY_DISABLED: '1',
  NEXT_MANUAL_SIG_HANDLE: 'true',
  LOG_FORMAT: 'text',
  LOG_LEVEL: 'warn',
  NO_COLOR: '1',
}

/** A file that is changed for a while. */
export async function edited(path: string, edit: (text: string) => string): Promise<{ takeBack(): Promise<void> }> {
  const before = await readFile(path, 'utf8').catch(() => null)
  const after = edit(before ?? '')
  if (after === before) throw new Error(`${path} no longer holds what was to be edited`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, after)
  return { takeBack: () => (before === null ? rm(path) : writeFile(path, before)) }
}
