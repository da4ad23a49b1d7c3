/**
 * Node's HTTP module, asked for by name. An `import` would read all its exports to make a namespace of them, and some are
 * getters that load a WebSocket client: 13 MB for nothing.
 */
export const http: typeof import('node:http') = process.getBuiltinModule('node:http')
