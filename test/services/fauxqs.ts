import { fauxqsServer } from './fauxqs-server.ts'
import { service } from './service.ts'

/** Amazon SQS, as npm's emulator has it. */
export const fauxqs = await service('fauxqs', fauxqsServer)
