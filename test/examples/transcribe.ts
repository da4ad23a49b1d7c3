import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from '../package/project.ts'
import { QUIET } from './frameworks.ts'
import { QUICK_STARTS, type QuickStart, readQuickStarts } from './quick-starts.ts'
import { LEFT_OUT, pattern, Session, type Step } from './session.ts'

/**
 * `node test/examples/transcribe.ts [example]...` goes through the quick starts as a new user would: an empty folder, the
 * example's code, and every command as it is written, with this checkout's tarball for `hookkeeper`. What is shown takes the
 * place of what the document showed. It needs the ports 3000, 4242 and 4243.
 */
const folder = await mkdtemp(join(tmpdir(), 'hookkeeper-quick-starts-'))
const tarball = await pack(folder)
const asked = process.argv.slice(2)
for (const quickStart of (await readQuickStarts()).quickStarts) {
  if (asked.length > 0 && !asked.includes(quickStart.example)) continue
  const shown = await transcribed(quickStart)
  const text = await readFile(QUICK_STARTS, 'utf8')
  const next = quickStart.steps.reduce(
    (before, step, n) => replaced(before, quickStart.example, step, shown[n] ?? []),
    text,
  )
  await writeFile(QUICK_STARTS, next)
  console.log(`${quickStart.example}: ${shown.length} commands`)
}
await rm(folder, { recursive: true, force: true })

async function transcribed({ example, steps }: QuickStart): Promise<string[][]> {
  const cwd = await mkdtemp(join(folder, `${example}-`))
  const code = (path: string) =>
    !/(package(-lock)?\.json|README\.md|\.gitignore|node_modules|next\/tsconfig\.json)$/.test(path)
  await cp(join('examples', example), cwd, { recursive: true, filter: code })
  const session = new Session({
    cwd,
    // npm may need any of it to find its registry.
    env: { ...process.env, ...QUIET },
    asRun: (command) => ({ command: command.replace(/^npm install hookkeeper /, `npm install ${tarball} `) }),
  })
  const shown: string[][] = []
  try {
    for (const step of steps) shown.push(asWritten(step, await session.play(step)))
  } finally {
    await session.end()
  }
  return shown
}

/** The step's lines with the values of this time. */
function asWritten({ lines }: Step, shown: string): string[] {
  const [, ...now] = pattern(lines).exec(shown) ?? []
  return lines.map((line) => {
    if (line === LEFT_OUT) return line
    return `${now.shift()}${line.endsWith(LEFT_OUT) ? LEFT_OUT : ''}`
  })
}

function replaced(text: string, example: string, { command, lines }: Step, now: readonly string[]): string {
  const written = `${[`$ ${command}`, ...lines].join('\n')}\n`
  const blocks = new RegExp(`^\`\`\`console example=${example}\\n[\\s\\S]*?^\`\`\`$`, 'gm')
  return text.replace(blocks, (block) => block.replace(written, () => `${[`$ ${command}`, ...now].join('\n')}\n`))
}
