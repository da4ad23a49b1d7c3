import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'

/** The parts of the Compose specification that we use; whatever else stands there is refused. */
const texts = z.record(z.string(), z.string())
const healthcheck = z.strictObject({
  test: z.array(z.string()),
  interval: z.string(),
  timeout: z.string(),
  retries: z.int(),
})
const service = z.strictObject({
  image: z.string(),
  /** Started only where one of them is asked for. */
  profiles: z.array(z.string()).default([]),
  build: z.strictObject({ context: z.string(), dockerfile: z.string(), args: texts }).optional(),
  restart: z.enum(['unless-stopped', 'on-failure', 'always', 'no']),
  stop_grace_period: z.string().regex(/^\d+s$/),
  read_only: z.boolean().default(false),
  tmpfs: z.array(z.string()).default([]),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  command: z.array(z.string()).optional(),
  environment: texts.default({}),
  ports: z.array(z.string().regex(/^([\d.]+:)?\d+:\d+$/)).default([]),
  volumes: z.array(z.string()).default([]),
  healthcheck: healthcheck.optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']) }),
    )
    .default({}),
})

const file = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
})

export type Compose = z.output<typeof file>
export type ComposeService = z.output<typeof service>

export interface ComposeFile extends Compose {
  /** As it stands there, before variables are filled in. */
  readonly text: string
  /** Variables that have to be set, or it refuses to start. */
  readonly required: readonly string[]
}

/** The file with its variables filled in from `given`, as `docker compose config` would show it. */
export async function readCompose(path: string, given: Readonly<Record<string, string>>): Promise<ComposeFile> {
  const text = await readFile(path, 'utf8')
  const required = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name = '']) => name)
  const fill = (whole: string, name?: string, fallback = '') =>
    name === undefined ? whole.slice(1) : (given[name] ?? fallback)
  // Variables are filled into what was parsed, not into the text, where an empty one would be null.
  const filled = (_: unknown, value: unknown) => (typeof value === 'string' ? value.replace(VARIABLE, fill) : value)
  const written = Object.entries(parse(text, filled, { merge: true })).filter(([key]) => !key.startsWith('x-'))
  return { ...file.parse(Object.fromEntries(written)), text, required }
}

/** `${NAME}`, `${NAME:-fallback}` and `${NAME:?why it is needed}`; `$$` is a dollar. */
const VARIABLE = /\$\$|\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g
