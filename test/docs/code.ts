/** A fenced block of code in a document. `marks` are the words after the language: `run`, `fragment`. */
export interface Block {
  readonly language: string
  readonly marks: readonly string[]
  readonly code: string
}

export const blocksIn = (text: string): Block[] =>
  [...text.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)].map(([, language = '', marks = '', code = '']) => ({
    language,
    marks: marks.split(' ').filter((mark) => mark !== ''),
    code,
  }))

/** The same lines for a CommonJS file: `require` for the imports, and the rest in a function, since only there it may await. */
export function asCommonJs(code: string): string {
  const imports = code.match(/^import .*$/gm) ?? []
  const rest = code.replace(/^import .*\n/gm, '')
  const required = imports.map((line) => line.replace(/^import (\{.+\}) from ('.+')$/, 'const $1 = require($2)'))
  return [...required, 'async function main() {', rest, '}', 'main()', ''].join('\n')
}
