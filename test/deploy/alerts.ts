import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'

const rule = z.strictObject({
  alert: z.string().regex(/^Stripe[A-Za-z]+$/),
  expr: z.string(),
  for: z
    .string()
    .regex(/^\d+[smhd]$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string().regex(/\.$/), runbook: z.string().min(1) }),
})

const file = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule) })),
})

export type Rule = z.output<typeof rule>

export const ALERTS = 'deploy/alerts.yaml'

/** The rules of `deploy/alerts.yaml`, as strict as Prometheus reads them. */
export async function readAlerts(): Promise<readonly Rule[]> {
  return file.parse(parse(await readFile(ALERTS, 'utf8'))).groups.flatMap(({ rules }) => rules)
}
