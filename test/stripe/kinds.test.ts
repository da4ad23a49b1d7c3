import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { knownTypes } from '../../src/stripe/catalog.ts'
import { isNamed, kindOf } from '../../src/stripe/kinds.ts'

const resources = join(
  dirname(fileURLToPath(import.meta.resolve('stripe'))).replace(/\/(esm|cjs)$/, ''),
  'esm/resources',
)
const declared = kinds()

test('every known type is about the kind of object that the stripe package declares for it', () => {
  for (const type of knownTypes()) {
    const allowed = declared.get(type)

    assert.ok(allowed && allowed.size > 0, `${type} was found`)
    assert.ok(allowed.has(kindOf(type)), `${type}: ${kindOf(type)} is none of ${[...allowed]}`)
  }
})

test('a type that nobody knows is about what stands before its last word', () => {
  assert.equal(kindOf('brand.new_thing.created'), 'brand.new_thing')
  assert.equal(kindOf('lonely'), 'lonely')
  assert.equal(isNamed('brand.new_thing.created'), true)
})

/** By event type, what `data.object.object` may be: read out of the declarations, through names and unions of names. */
function kinds(): Map<string, Set<string>> {
  const files = readdirSync(resources, { recursive: true }).map(String)
  const texts = files
    .filter((file) => file.endsWith('.d.ts'))
    .map((file) => ({
      // `Treasury/InboundTransfers.d.ts` declares what is named `Treasury.InboundTransfer`.
      space: dirname(file).replace('.', ''),
      text: readFileSync(join(resources, file), 'utf8').replace(/\/\*\*.*?\*\//gs, ''),
    }))
  const literal = new Map<string, string>()
  const unions = new Map<string, string[]>()
  for (const { space, text } of texts) {
    const full = (name: string) => (space === '' ? name : `${space}.${name}`)
    for (const [, name, kind] of text.matchAll(/interface (\w+) \{\s*(?:id: string;\s*)?object: '([\w.]+)';/g))
      if (!literal.has(full(name!))) literal.set(full(name!), kind!)
    for (const [, name, names] of text.matchAll(/export type (\w+) = ([\w\s|]+);/g))
      unions.set(
        full(name!),
        names!.split('|').map((one) => one.trim()),
      )
  }
  const kindsOf = (name: string): string[] =>
    literal.has(name) ? [literal.get(name)!] : (unions.get(name) ?? []).flatMap(kindsOf)

  const events = texts.find(({ text }) => text.includes("type: 'invoice.paid'"))!.text
  const found = new Map<string, Set<string>>()
  for (const [, name, type] of events.matchAll(/interface (\w+Event) extends EventBase \{\s*type: '([^']+)'/g)) {
    const object = new RegExp(`namespace ${name} \\{[^}]*?object: (?:Stripe\\.)?([\\w.]+);`).exec(events)?.[1]
    found.set(type!, new Set(object ? kindsOf(object) : []))
  }
  return found
}
