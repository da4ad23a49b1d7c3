import type { Json } from '../core/outcome.ts'

/**
 * The bytes of a body as Stripe prints a snapshot event: two spaces, text in raw UTF-8, and empty containers over several
 * lines. `JSON.stringify(value, null, 2)` differs from it in the last point only:
 *
 * | value | Stripe | JSON.stringify |
 * |---|---|---|
 * | `[]` | `[`, an empty line, `]` at the indent of its own line | `[]` |
 * | `{}` | `{`, `}` at the indent of its own line | `{}` |
 *
 * So a consumer that parses and prints a body before it verifies the signature is caught at once.
 */
export const print = (value: Json): Buffer => Buffer.from(prettyPrinted(value), 'utf8')

function prettyPrinted(value: Json): string {
  return JSON.stringify(value, null, 2).split('\n').map(opened).join('\n')
}

// A line break inside of text is escaped and text ends in a quote, so a line that ends in [] or {} ends in an empty container.
function opened(line: string): string {
  const comma = line.endsWith(',') ? ',' : ''
  const bare = comma ? line.slice(0, -1) : line
  if (!bare.endsWith('[]') && !bare.endsWith('{}')) return line
  const indent = ' '.repeat(line.length - line.trimStart().length)
  const between = bare.endsWith('[]') ? '\n\n' : '\n'
  return `${bare.slice(0, -1)}${between}${indent}${bare.slice(-1)}${comma}`
}
