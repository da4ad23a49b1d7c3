import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'

/** One TypeScript file as the tidiness rules see it. Paths are relative to the repository, with forward slashes. */
export interface Source {
  readonly path: string
  readonly text: string
  /** The text without comments, each character of them a blank, so that lines and columns stay. */
  readonly code: string
  /** The folder below `src/` or, for a file at its top, its name: what has a level. */
  readonly part: string
  readonly imports: readonly Import[]
}

export interface Import {
  /** `node:fs`, a package's name, or the path of a file in the repository. */
  readonly target: string
  readonly kind: 'file' | 'package' | 'builtin'
  readonly when: 'static' | 'type' | 'dynamic'
}

export async function readSources(root: string): Promise<Source[]> {
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts')).sort()
  return Promise.all(files.map((file) => readSource(join(root, file), (file.split('/')[0] ?? '').replace(/\.ts$/, ''))))
}

async function readSource(path: string, part: string): Promise<Source> {
  const text = await readFile(path, 'utf8')
  const code = withoutComments(text)
  return { path, text, code, part, imports: importsOf(path, code) }
}

const STATIC = /^(?:import|export(?=\s+(?:type\s+)?[{*]))\s+(type\s+)?(?:[^'"`;()=]*?\sfrom\s+)?'([^']+)'/gm
const DYNAMIC =
  /\bimport\(\s*'([^']+)'\s*\)|new URL\(\s*'([^']+\.ts)'\s*,\s*import\.meta\.url|\brequire\(\s*'([^']+)'\s*\)/g

function importsOf(path: string, text: string): Import[] {
  // What stands in a template is text for somebody else, not an import of ours.
  const code = text.replace(/`(?:[^`\\]|\\.)*`/g, (found) => found.replace(/[^\n]/g, ' '))
  const still = [...code.matchAll(STATIC)].map(([, type, name]) => toImport(path, name ?? '', type ? 'type' : 'static'))
  const late = [...code.matchAll(DYNAMIC)].map(([, a, b, c]) => toImport(path, a ?? b ?? c ?? '', 'dynamic'))
  return [...still, ...late]
}

function toImport(path: string, name: string, when: Import['when']): Import {
  if (name.startsWith('.')) return { target: normalize(join(dirname(path), name)), kind: 'file', when }
  if (name.startsWith('node:')) return { target: name, kind: 'builtin', when }
  const parts = name.split('/')
  return { target: name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? ''), kind: 'package', when }
}

// Strings are matched first, so that a `//` inside one is no comment.
const LITERAL_OR_COMMENT = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g

const withoutComments = (text: string): string =>
  text.replace(LITERAL_OR_COMMENT, (found) => (found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found))

export interface FunctionSize {
  readonly path: string
  readonly name: string
  readonly lines: number
}

const OPENING =
  /^(\s*)(?:export )?(?:async )?(?:function\*? (\w+)|(?:const|let) (\w+) = .*=>|(?:static )?(?:async )?\*?(#?\w+)\(.*\)?.*) ?\{$/
const NOT_A_FUNCTION = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'constructor'])

/** Every function with a block body. The formatter's indentation is relied on: a body ends at the first brace in its opening's column. */
export function functionSizes({ path, code }: Source): FunctionSize[] {
  const lines = code.split('\n')
  return lines.flatMap((line, start) => {
    const [, indent = '', ...names] = OPENING.exec(line) ?? []
    const name = names.find((one) => one !== undefined)
    if (name === undefined || NOT_A_FUNCTION.has(name)) return []
    const length = lines.slice(start + 1).findIndex((later) => later.startsWith(`${indent}}`))
    return length < 0 ? [] : [{ path, name, lines: length }]
  })
}
