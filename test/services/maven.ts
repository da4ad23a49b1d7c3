import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { aptInstall, onPath } from './apt.ts'

const run = promisify(execFile)

/** A Java program that is brought from Maven Central when it is asked for, with all that it stands on. */
export interface MavenProgram {
  readonly name: string
  readonly version: string
  /** Each as `group:artifact:version`. */
  readonly artifacts: readonly string[]
}

/** For `java -cp`: the jars of exactly this version, under `.cache/`, which git ignores. */
export const mavenClasspath = (program: MavenProgram): string => join(jarsOf(program), '*')

/** Are the jars there, and a Java to run them? */
export async function mavenPresent(program: MavenProgram): Promise<boolean> {
  const whole = access(jarsOf(program)).then(
    () => true,
    () => false,
  )
  return (await whole) && (await onPath('java'))
}

/** Downloads the jars, and brings Java and Maven from Debian where they are missing. Half a download is never seen. */
export async function mavenInstall(program: MavenProgram): Promise<void> {
  if (!(await onPath('java'))) await aptInstall('default-jre-headless')
  if (await mavenPresent(program)) return
  if (!(await onPath('mvn'))) await aptInstall('maven')
  await mkdir(CACHE, { recursive: true })
  const fresh = await mkdtemp(join(CACHE, 'fresh-'))
  try {
    await writeFile(join(fresh, 'pom.xml'), pom(program))
    const words = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars']
    await run('mvn', words, { cwd: fresh, timeout: DOWNLOAD_MS })
    // Another test file may have been quicker: its jars are the same.
    await rename(join(fresh, 'jars'), jarsOf(program)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

const CACHE = fileURLToPath(new URL('../../.cache/maven/', import.meta.url))
const DOWNLOAD_MS = 600_000
const jarsOf = ({ name, version }: MavenProgram) => join(CACHE, `${name}-${version}`)

function pom({ name, version, artifacts }: MavenProgram): string {
  const dependency = (coordinates: string) => {
    const [group, artifact, its] = coordinates.split(':')
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${its}</version></dependency>`
  }
  return `<project><modelVersion>4.0.0</modelVersion>
<groupId>services</groupId><artifactId>${name}</artifactId><version>${version}</version><packaging>pom</packaging>
<dependencies>${artifacts.map(dependency).join('\n')}</dependencies>
</project>
`
}
