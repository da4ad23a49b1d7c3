import { readFile, writeFile } from 'node:fs/promises'
import { DEMO_PICTURE, demoPicture } from './demo.ts'
import { filled, readDocuments } from './tables.ts'

/** `npm run docs`: fills the places for tables and files in the documents, and draws the demo. */
for (const [path, text] of await readDocuments()) {
  const next = filled(text, path)
  if (next === text) continue
  await writeFile(path, next)
  console.log(`${path} written`)
}

const drawn = await readFile(DEMO_PICTURE, 'utf8').catch(() => null)
if (drawn !== demoPicture()) {
  await writeFile(DEMO_PICTURE, demoPicture())
  console.log(`${DEMO_PICTURE} written`)
}
