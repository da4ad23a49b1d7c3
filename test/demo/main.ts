import { Option } from 'commander'
import type { Context } from '../../src/cli/context.ts'
import { type DemoOptions, demo } from '../../src/cli/demo.ts'
import { main } from '../../src/cli/main.ts'
import { TOPOLOGIES } from './topologies.ts'

interface Options extends DemoOptions {
  readonly topology?: string
  readonly installServices?: boolean
  readonly spool?: boolean
}

/** `npm run demo`: the verb as it is, and with `--topology` the same on services that are started for it and end with it. */
const here = (context: Context) =>
  demo(context)
    .addOption(new Option('--topology <name>', 'on real services').choices(Object.keys(TOPOLOGIES)))
    .option('--spool', 'with a spool before the broker')
    .option('--install-services', 'installs what is missing for it')
    .action((options: Options) => play(options, context))

process.exitCode = await main(['demo', ...process.argv.slice(2)], {
  verbs: { demo: { about: 'See it all at work', load: async () => here } },
})

async function play(
  { topology, installServices = false, spool = false, ...options }: Options,
  context: Context,
): Promise<void> {
  const { perform } = await import('../../src/cli/demo/perform.ts')
  const build = topology === undefined ? undefined : TOPOLOGIES[topology]
  if (!build) return perform(options, context)
  const { on } = await import('./ground.ts')
  await on(build, { installs: installServices, spool, context }, (ground) => perform(options, context, ground))
}
