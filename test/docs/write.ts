import { writeFile } from 'node:fs/promises'
import { filled, readDocuments } from './tables.ts'

/** `npm run docs`: fills the places for tables in the documents. */
for (const [path, text] of await readDocuments()) {
  const next = filled(text, path)
  if (next === text) continue
  await writeFile(path, next)
  console.log(`${path} written`)
}
