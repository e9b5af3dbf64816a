// A PDS with a PLC directory beside it, both on loopback: node pds.mjs FOLDER, where FOLDER has the installed packages. Its settings
// are the PDS's own environment variables, and PLC_PORT. What the directory knows is kept in the PDS's data folder, so that both
// come back as they were after they were killed.
import './loopback.mjs'
import { createRequire } from 'node:module'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const require = createRequire(join(resolve(process.argv[2]), 'package.json'))
const plc = require('@did-plc/server')
const { PDS, envToCfg, envToSecrets, readEnv } = require('@atproto/pds')

const db = plc.Database.mock()
const kept = join(process.env.PDS_DATA_DIRECTORY, 'plc.jsonl')
if (existsSync(kept)) {
  for (const line of readFileSync(kept, 'utf8').split('\n')) {
    if (line === '') continue
    const { did, op } = JSON.parse(line)
    await db.validateAndAddOp(did, op)
  }
}
const add = db.validateAndAddOp.bind(db)
db.validateAndAddOp = async (did, op) => {
  await add(did, op)
  appendFileSync(kept, JSON.stringify({ did, op }) + '\n')
}
await plc.PlcServer.create({ db, port: Number(process.env.PLC_PORT) }).start()

const env = readEnv()
const pds = await PDS.create(envToCfg(env), envToSecrets(env))
await pds.start()

process.on('SIGTERM', () => process.exit(0))
