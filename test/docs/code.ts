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

/** The same lines for a CommonJS file: `require` for the import, and no `await` outside of functions, which it does not have. */
export const asCommonJs = (code: string): string =>
  code.replace(/^import (\{[^}]+\}) from ('[^']+')$/gm, 'const $1 = require($2)').replace(/^await /gm, '')
