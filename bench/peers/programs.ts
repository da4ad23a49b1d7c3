import { copyFile, readFile } from 'node:fs/promises'
import { npmInstall, npmPresent, type OnDemand } from '../../test/services/npm.ts'

const here = new URL('./', import.meta.url)
// As deep below the root as this folder, so that the programs' own imports fit both.
const packages: OnDemand = { from: here, into: new URL('../../.cache/peers/', import.meta.url) }

/** Are the peers' packages in the cache? */
export const peersPresent = (): Promise<boolean> => npmPresent(packages)

/** Installs the peers' packages unless they are there, and gives a program of this folder, placed where it finds them. */
export async function peerProgram(file: string): Promise<URL> {
  await npmInstall(packages)
  const program = new URL(file, packages.into)
  await copyFile(new URL(file, here), program)
  return program
}

/** `express 5.3.0, bullmq 6.7.0, ...`: exactly those that are installed. */
export async function peerVersions(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(new URL('package.json', here), 'utf8'))
  return Object.entries(dependencies)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}
