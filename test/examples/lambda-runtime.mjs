import { pathToFileURL } from 'node:url'

/** As much of Lambda as a handler sees: one event at a time, its answer as JSON. */
process.on('message', async ({ file, event }) => {
  const { handler } = await import(pathToFileURL(file).href)
  process.send({ answer: await handler(event) })
})
