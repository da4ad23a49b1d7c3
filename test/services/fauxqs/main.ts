/** The emulator on loopback alone, at the port that is named, as a process that can be killed. */
const [module, port] = process.argv.slice(2)
const { buildApp } = await import(String(module))
const app = buildApp({ logger: false })
await app.listen({ port: Number(port), host: '127.0.0.1' })
console.log('listening')
