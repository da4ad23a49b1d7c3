import type { Env } from './layers.ts'

/** Where a process is started for a request and its disk goes with it, by the variable that says so. The first one that is set counts. */
const EPHEMERAL: Readonly<Record<string, string>> = {
  VERCEL: 'Vercel',
  NETLIFY: 'Netlify',
  AWS_LAMBDA_FUNCTION_NAME: 'AWS Lambda',
  K_SERVICE: 'Cloud Run',
  CLOUD_RUN_JOB: 'Cloud Run',
  FUNCTIONS_WORKER_RUNTIME: 'Azure Functions',
  DYNO: 'Heroku',
}

/** The platform whose disk does not stay, or null. */
export function ephemeralPlatform(env: Env): string | null {
  const variable = Object.keys(EPHEMERAL).find((name) => (env[name] ?? '') !== '')
  return variable === undefined ? null : (EPHEMERAL[variable] ?? null)
}
