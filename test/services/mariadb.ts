import { mariadbServer } from './mariadb-server.ts'
import { service } from './service.ts'

/** For effects in a MySQL of the user's. */
export const mariadb = await service('mariadb', mariadbServer)
