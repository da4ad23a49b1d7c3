/** One instruction of a Dockerfile, its continued lines joined. */
export interface Instruction {
  readonly word: string
  /** `--from=build` as `{ from: 'build' }`. */
  readonly flags: Readonly<Record<string, string>>
  readonly text: string
}

export function readDockerfile(text: string): Instruction[] {
  // A comment between continued lines belongs to none of them.
  const lines = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, '')
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(readLine)
}

function readLine(line: string): Instruction {
  const [, word = '', flags = '', text = ''] = /^(\w+)((?:\s+--[\w-]+=\S+)*)\s+(.*)$/.exec(line) ?? []
  const each = [...flags.matchAll(/--([\w-]+)=(\S+)/g)].map(([, name, value]) => [name, value])
  return { word: word.toUpperCase(), flags: Object.fromEntries(each), text: text.trim() }
}

/** The words of an exec form, `["a", "b"]`. A shell form is refused: its shell would not pass a signal on. */
export function exec(text: string): readonly string[] {
  if (!text.startsWith('[')) throw new Error(`${text} is no exec form.`)
  return JSON.parse(text)
}

/** `$NAME` and `${NAME}` by their values; one that nobody set is empty, as in a build. */
export const expanded = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced, plain) => values[braced ?? plain] ?? '')
