import { once } from 'node:events'
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { TestContext } from 'node:test'
import { createPrivateListener, type PrivateListenerOptions } from '../../src/console/listener.ts'
import { silent } from '../../src/core/service.ts'
import { setUp, stopping } from './setup.ts'

/** The API behind a real socket of this machine, stopped when the test ends. */
export async function listening(context: TestContext, options: Partial<PrivateListenerOptions> = {}) {
  const room = setUp()
  const listener = stopping(context, createPrivateListener({ app: room.api, port: 0, log: silent, ...options }))
  await listener.start()
  const { port, url } = listener.address()!
  return { ...room, listener, port, url, send: (path: string, asked: Asked = {}) => send(port, path, asked) }
}

export interface Asked {
  readonly method?: string
  /** `host` too, which fetch would not let anybody set. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | null
  /** Else a connection of its own. */
  readonly agent?: Agent
}

export interface Sent {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The error's code, or null where the answer is none. */
  readonly code: string | null
}

/** One request, with the path exactly as given. */
async function send(port: number, path: string, asked: Asked): Promise<Sent> {
  const response = await answerTo(opened(port, path, asked), asked.body ?? null)
  const text = await textOf(response)
  const json = response.headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : null
  return { status: response.statusCode ?? 0, headers: response.headers, text, code: json?.error?.code ?? null }
}

export const opened = (
  port: number,
  path: string,
  { method = 'GET', headers = {}, agent }: Asked = {},
): ClientRequest =>
  request({ ...{ host: '127.0.0.1', port, path, method, agent: agent ?? false }, headers: { ...headers } })

export async function answerTo(sending: ClientRequest, body: string | null = null): Promise<IncomingMessage> {
  sending.end(body ?? undefined)
  const [response] = await once(sending, 'response')
  return response as IncomingMessage
}

export async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return text
}
