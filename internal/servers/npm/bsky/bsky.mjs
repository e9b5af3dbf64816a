// The network of Bluesky, all on loopback: node bsky.mjs FOLDER, where FOLDER has the installed packages. PDS_PORT is where its
// accounts are; DB_POSTGRES_URL, DB_POSTGRES_SCHEMA and REDIS_HOST say where it keeps its data.
import '../pds/loopback.mjs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const require = createRequire(join(resolve(process.argv[2]), 'package.json'))
const { TestNetwork } = require('@atproto/dev-env')

await TestNetwork.create({ pds: { port: Number(process.env.PDS_PORT), hostname: 'localhost', rateLimitsEnabled: true } })
process.on('SIGTERM', () => process.exit(0))
