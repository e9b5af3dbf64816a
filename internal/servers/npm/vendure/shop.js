// A whole Vendure shop in one process, for tests: node shop.js PORT READY [FILE].
//
// It listens on loopback alone, and makes the file READY once it can be asked: its port answers before it
// has anything to sell. Without FILE its data live in memory and end with it. With FILE every write is there
// before it is answered, so that a shop that was killed goes on with what it had. NODE_PATH names the folder
// with its packages.
const {
  bootstrap, BcryptPasswordHashingStrategy, DefaultJobQueuePlugin, DefaultLogger, dummyPaymentHandler, JobQueueService, LogLevel, RandomBytesApiKeyStrategy, TransactionalConnection,
} = require('@vendure/core');
const { populate } = require('@vendure/core/cli');
const bcrypt = require('bcrypt'), fs = require('fs'), path = require('path');

const port = Number(process.argv[2]), ready = process.argv[3], file = process.argv[4];
const known = file && fs.existsSync(file);
let filled = known;

// keep replaces the file in one step: whoever is killed leaves the old one or the new one.
function keep(data) {
  if (!filled) return;
  fs.writeFileSync(file + '.new', data);
  fs.renameSync(file + '.new', file);
}

// Quick takes the least of bcrypt: as shipped, each login and each request with an API key costs 0.4 s of processor.
class Quick extends BcryptPasswordHashingStrategy {
  hash(plaintext) { return bcrypt.hash(plaintext, 4); }
}

const config = {
  apiOptions: { hostname: '127.0.0.1', port, adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
  authOptions: {
    tokenMethod: ['bearer', 'cookie', 'api-key'],
    superadminCredentials: { identifier: 'superadmin', password: 'superadmin' },
    cookieOptions: { secret: 'of-a-test' },
    passwordHashingStrategy: new Quick(),
    adminApiKeyStrategy: new RandomBytesApiKeyStrategy({ hashingStrategy: new Quick() }),
  },
  dbConnectionOptions: {
    type: 'sqljs', synchronize: true, logging: false,
    ...(file ? { location: file, autoSave: true, autoSaveCallback: keep } : { autoSave: false }),
  },
  logger: new DefaultLogger({ level: LogLevel.Warn }),
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [DefaultJobQueuePlugin.init({})],
};

const country = (name, code) => ({ name, code, zone: code === 'CN' ? 'Asia' : 'Europe' });
const shop = {
  defaultLanguage: 'en', defaultZone: 'Europe', roles: [], collections: [],
  countries: [country('Germany', 'DE'), country('Austria', 'AT'), country('Portugal', 'PT'), country('China', 'CN')],
  taxRates: [{ name: 'Standard', percentage: 19 }],
  shippingMethods: [{ name: 'Standard', price: 500 }],
  paymentMethods: [{ name: 'Invoice', handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'false' }] } }],
};

// things writes what the shop sells, as Vendure imports it.
function things() {
  const csv = path.join(path.dirname(ready), 'things.csv');
  const head = 'name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets\n';
  const rows = Array.from({ length: 5 }, (_, i) => `Telescope ${i},telescope-${i},Text,,,,,SKU-${i},${10 + i}.90,standard,100000,false,,`);
  fs.writeFileSync(csv, head + rows.join('\n') + '\n');
  return csv;
}

async function main() {
  const app = known ? await bootstrap(config) : await populate(() => bootstrap(config), shop, things());
  if (file && !known) {
    filled = true;
    keep(app.get(TransactionalConnection).rawConnection.driver.export());
  }
  await app.get(JobQueueService).start();
  fs.writeFileSync(ready, '');
}

main().catch(e => { console.error(e); process.exit(1); });
