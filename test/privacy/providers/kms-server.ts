import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A request as it came. */
export interface Asked {
  readonly target: string
  readonly contentType: string
  readonly authorization: string
  readonly body: { readonly [name: string]: unknown }
}

type Refusal = { readonly status: number; readonly __type: string }

/**
 * Answers Encrypt and Decrypt in the JSON 1.1 protocol of AWS, with the fields that the API reference of KMS gives them. It proves
 * that we ask as that says, and not that AWS answers so.
 */
export async function startKms(t: TestContext, keyArn: string) {
  const asked: Asked[] = []
  const sealed = new Map<string, { plaintext: string; context: string }>()
  const refusal: { next: Refusal | null } = { next: null }

  const answer = (target: string, body: Record<string, unknown>): object => {
    const context = JSON.stringify(body['EncryptionContext'] ?? {})
    if (target === 'TrentService.Encrypt') {
      const blob = Buffer.from(randomUUID()).toString('base64')
      sealed.set(blob, { plaintext: String(body['Plaintext']), context })
      return { CiphertextBlob: blob, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyId: keyArn }
    }
    const found = sealed.get(String(body['CiphertextBlob']))
    if (target !== 'TrentService.Decrypt' || found?.context !== context) {
      return { status: 400, __type: 'InvalidCiphertextException' }
    }
    return { EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyId: keyArn, Plaintext: found.plaintext }
  }

  const server = createServer(async (request, response) => {
    const body = JSON.parse(await textOf(request))
    const header = (name: string) => String(request.headers[name] ?? '')
    const target = header('x-amz-target')
    const { authorization, 'content-type': contentType } = { ...request.headers }
    asked.push({ target, body, authorization: String(authorization), contentType: String(contentType) })
    const answered = { status: 200, ...(refusal.next ?? answer(target, body)) }
    refusal.next = null
    const { status, ...fields } = answered
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() })
    response.end(JSON.stringify(fields))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked, refusal }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
