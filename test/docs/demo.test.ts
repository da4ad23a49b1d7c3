import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { DEMO_PICTURE, demoPicture } from './demo.ts'
import { terminalPicture } from './terminal-picture.ts'

test('the picture of the demo shows what its view draws', async () => {
  assert.equal(await readFile(DEMO_PICTURE, 'utf8'), demoPicture(), 'npm run docs draws it anew')
})

test('every word of a screen stands in its column, in its colour', () => {
  const frame = { columns: 20, rows: 2, title: 'a & b', about: '' }
  const picture = terminalPicture('  \u001b[32mdone\u001b[0m  two words\n  \u001b[36m▁█\u001b[0m', frame)

  assert.match(picture, /<text class="green" x="30.8" y="51.5" textLength="33.6">done<\/text>/)
  assert.match(picture, /<text x="81.2" y="51.5" textLength="75.6">two words<\/text>/)
  assert.match(picture, /<path class="cyan" d="M30.8 [\d.]+v-2h7.4v2zM39.2 [\d.]+v-16h7.4v16z"\/>/)
  assert.match(picture, /<title id="title">a &#38; b<\/title>/)
})

test('a colour that the palette does not know is refused', () => {
  const frame = { columns: 20, rows: 1, title: '', about: '' }

  assert.throws(() => terminalPicture('\u001b[35mpink\u001b[0m', frame), /no colour 35/)
})
