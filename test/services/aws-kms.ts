import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { npmInstall, npmPresent } from './npm.ts'
import { service } from './service.ts'

const root = new URL('../../', import.meta.url)
const onDemand = { from: new URL('test/services/aws-kms/', root), into: new URL('.cache/aws-kms/', root) }
const inFolder = (folder: URL) => ({
  load: (): Promise<unknown> =>
    import(pathToFileURL(createRequire(new URL('package.json', folder)).resolve('@aws-sdk/client-kms')).href),
})

/** AWS's own client of KMS, without KMS: that is only in AWS. */
export const awsKms = await service('aws-kms', {
  from: 'npm',
  env: 'TEST_AWS_KMS',
  present: () => npmPresent(onDemand),
  install: () => npmInstall(onDemand),
  connect: async (path) => inFolder(new URL(`${path}/`, root)),
  start: async () => inFolder(onDemand.into),
})
