const KEPT = ['PATH', 'NODE_COMPILE_CACHE']

/** What a program that is run as its users run it has of our environment: the way to other programs, and where its code is kept compiled. */
export const bareEnvironment = (): Record<string, string> =>
  Object.fromEntries(KEPT.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
