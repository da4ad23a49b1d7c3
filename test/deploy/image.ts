import { execFile } from 'node:child_process'
import { chown, copyFile, cp, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { exec, expanded, type Instruction, readDockerfile } from './dockerfile.ts'

const run = promisify(execFile)

/** What a build leaves: a folder that stands for the root of the file system, and how a container of it starts. */
export interface Image {
  readonly root: string
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly user: { readonly uid: number; readonly gid: number }
  readonly ports: readonly number[]
  readonly command: readonly string[]
  readonly healthcheck: readonly string[]
}

interface Stage {
  readonly root: string
  readonly base: string
  readonly args: Record<string, string>
  readonly env: Record<string, string>
  /** By instruction, the last one of each: WORKDIR, USER, EXPOSE, HEALTHCHECK, ENTRYPOINT, CMD. */
  readonly said: Record<string, string>
}

export type Bases = readonly string[]

/** What every official image of Node starts with. */
const PATH = '/usr/local/bin:/usr/bin:/bin'

/**
 * Carries a Dockerfile out without Docker: each stage is an empty folder below `under` that holds Node and nothing else, COPY
 * copies, RUN runs in it. Paths in RUN have to be relative, since the folder is no real root. As root, owners are given too.
 */
export async function replay(file: string, under: string): Promise<{ image: Image; bases: Bases }> {
  const stages = new Map<string, Stage>()
  const given: Record<string, string> = {}
  let stage: Stage | null = null
  for (const { word, flags, text } of readDockerfile(await readFile(file, 'utf8'))) {
    if (word === 'FROM') {
      const [base = '', , name = String(stages.size)] = expanded(text, given).split(/\s+/)
      stage = await begun(join(under, name), base)
      stages.set(name, stage)
    } else if (stage === null) Object.assign(given, pairs(text))
    else await carryOut({ word, flags, text }, stage, stages)
  }
  if (stage === null) throw new Error(`${file} has no FROM.`)
  return { image: imageOf(stage), bases: [...stages.values()].map(({ base }) => base) }
}

async function begun(root: string, base: string): Promise<Stage> {
  await mkdir(join(root, 'usr/local/bin'), { recursive: true })
  await copyFile(process.execPath, join(root, 'usr/local/bin/node'))
  return { root, base, args: {}, env: { PATH }, said: { WORKDIR: '/' } }
}

async function carryOut({ word, flags, text }: Instruction, stage: Stage, stages: ReadonlyMap<string, Stage>) {
  const values = { ...stage.args, ...stage.env }
  if (word === 'ARG') Object.assign(stage.args, pairs(text))
  else if (word === 'ENV') Object.assign(stage.env, pairs(expanded(text, values)))
  else if (word === 'COPY') await copied(text.split(/\s+/), flags, stage, stages)
  else if (word === 'RUN') await run('sh', ['-ec', text], { cwd: folderOf(stage), env: buildEnv(), timeout: RUN_MS })
  else stage.said[word] = text
  if (word === 'WORKDIR') await mkdir(folderOf(stage), { recursive: true })
}

const RUN_MS = 240_000

/** npm's own variables of a script that runs us would be read by the npm in there. */
const buildEnv = () => ({
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  npm_config_prefer_offline: 'true',
  npm_config_fetch_retry_mintimeout: '500',
  npm_config_fetch_retry_maxtimeout: '5000',
})

const folderOf = ({ root, said }: Stage) => join(root, said['WORKDIR'] ?? '/')

/** The content of folders, and files by their names, as COPY has it. */
async function copied(
  words: readonly string[],
  { from, chown: owner }: Instruction['flags'],
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
): Promise<void> {
  const to = words.at(-1) ?? ''
  const source = from === undefined ? '.' : (stages.get(from)?.root ?? `no stage ${from}`)
  for (const word of words.slice(0, -1)) {
    const path = join(source, word)
    const into = !to.endsWith('/') || (await stat(path)).isDirectory() ? to : join(to, word)
    const target = join(into.startsWith('/') ? stage.root : folderOf(stage), into)
    await mkdir(dirname(target), { recursive: true })
    await cp(path, target, { recursive: true, verbatimSymlinks: true })
    if (owner !== undefined && isRoot()) await owned(target, owner)
  }
}

export const isRoot = () => process.getuid?.() === 0

async function owned(path: string, owner: string): Promise<void> {
  const { uid, gid } = ids(owner)
  const below = (await readdir(path, { recursive: true })).map((name) => join(path, name))
  for (const one of [path, ...below]) await chown(one, uid, gid)
}

function imageOf(stage: Stage): Image {
  const { root, env, said } = stage
  const search = (env['PATH'] ?? '')
    .split(delimiter)
    .map((path) => (/^\/(app|usr\/local)\//.test(path) ? join(root, path) : path))
  return {
    root,
    folder: folderOf(stage),
    env: { ...env, PATH: search.join(delimiter) },
    user: ids(said['USER'] ?? ''),
    ports: (said['EXPOSE'] ?? '').split(' ').map(Number),
    command: [...exec(said['ENTRYPOINT'] ?? ''), ...exec(said['CMD'] ?? '')],
    healthcheck: exec((said['HEALTHCHECK'] ?? '').replace(/^.*?CMD /, '')),
  }
}

/** Names would have to be looked up in an image's own /etc/passwd, which Kubernetes does not do either. */
function ids(owner: string): { uid: number; gid: number } {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(owner) ?? []
  if (uid === undefined) throw new Error(`${owner} does not name a user and a group by number.`)
  return { uid: Number(uid), gid: Number(gid) }
}

const pairs = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/(\w+)(?:=(\S*))?/g)].map(([, name = '', value = '']) => [name, value]))
