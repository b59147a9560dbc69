// A month of calls of one account, spread evenly: each has an input and an output row. LODESTONE_BENCH_FOLDER names a folder that is kept,
// so that seeding, which takes longest, is done once: its rows are invoiced, and the invoice discarded or void again before the next run.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";

const events = Number(process.argv[2]);
const seedFile = fileURLToPath(new URL("../walk.seed.json", import.meta.url));
const seed = JSON.parse(readFileSync(seedFile, "utf8"));
const token = seed.users.find((user) => user.admin).tokens[0].value;
const account = seed.users[0].name;
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const kept = process.env.LODESTONE_BENCH_FOLDER;
if (kept) mkdirSync(kept, { recursive: true });
const home = kept ?? mkdtempSync(join(tmpdir(), "lodestone-bench-invoice-"));
const data = join(home, "data");
const log = openSync(join(home, "log"), "a");
const model = "lodestone/compass-3m-chat";
const now = new Date();
const [start, end] = [-1, 0].map((months) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));
let server;

async function until(condition, what) {
  for (const deadline = Date.now() + 120_000; ; await new Promise((next) => setTimeout(next, 50))) {
    if (await condition().catch(() => false)) return;
    assert.ok(Date.now() < deadline, `waited too long for ${what}`);
  }
}

async function serve() {
  server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--data", data, "--url", url, "--seed", seedFile], {
    stdio: ["ignore", log, log],
    env: { ...process.env, Billing__Invoices__ProgressAmount: "999999999", Billing__Invoices__MinAmount: "999999999" }, // no invoice of its own accord
  });
  await until(async () => (await fetch(`${url}/health/ready`)).ok, "the server");
}

async function stop() {
  const gone = new Promise((next) => server.once("exit", next));
  server.kill("SIGTERM");
  await gone;
}

async function api(method, path, body) {
  const answer = await fetch(url + path, { method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: body && JSON.stringify(body), signal: AbortSignal.timeout(900_000) });
  const json = await answer.json();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}

async function timed(what, work) {
  const began = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(2)} s`);
  return result;
}

function sql(file, text) {
  const ran = spawnSync("sqlite3", ["-bail", join(data, file)], { input: text, encoding: "utf8", maxBuffer: 1 << 26 });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout.trim();
}

function fill() {
  const accountId = sql("lodestone.db", `select id from identity_namespace where name = '${account}';`);
  const [productId, sellerId, priceId] = sql("billing.db", `select p.id, p.seller_id, v.id from billing_product p join billing_price_version v on v.product_id = p.id where p.name = '${model}' order by v.version desc limit 1;`).split("|");
  const time = `(${start}000 + n * ${Math.floor(((end - start) * 1000) / events)})`;
  const day = `${time} / 86400000000`;
  const hex = `printf('%012X', ${time} / 1000)`;
  const id = `substr(${hex}, 1, 8) || '-' || substr(${hex}, 9) || printf('-7000-8000-%012X', n)`;
  const minute = `(${time} - ${time} % 60000000)`;
  const rollUp = (side) => `printf('00000000-0000-7000-8000-%012X', ${minute} / 60000000 * 2 + ${side})`;
  const numbers = `with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n + 1 < ${events})`;
  const sides = [["input", "(1000 + n % 1000)", 2_000_000], ["output", "(200 + n % 300)", 8_000_000]];
  const indexes = sql("billing.db", "select sql || ';' from sqlite_master where type = 'index' and tbl_name in ('billing_meter_event', 'billing_rated_row') and sql is not null;");
  const names = sql("billing.db", "select name from sqlite_master where type = 'index' and tbl_name in ('billing_meter_event', 'billing_rated_row') and sql is not null;");
  sql("billing.db", `
    pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -2000000; pragma temp_store = file;
    ${names.split("\n").map((name) => `drop index ${name};`).join("\n")}
    ${numbers} insert into billing_meter_event (id, request_id, account_id, caller_id, product_id, product_name, seller_id, revision, input_tokens, output_tokens, outcome, measurement, price_version_id, day, time, recorded_at)
      select ${id}, 'bench_' || n, '${accountId}', '${accountId}', '${productId}', '${model}', '${sellerId}', '0', ${sides[0][1]}, ${sides[1][1]}, 'Completed', 'Engine', '${priceId}', ${day}, ${time}, ${time} from numbers;
    ${numbers} insert into billing_rated_row (event_id, class, account_id, seller_id, product_id, day, price_version_id, quantity, currency, list_units, list_remainder, free_units, free_remainder, amount_units, amount_remainder, roll_up_id)
      select ${id}, class, '${accountId}', '${sellerId}', '${productId}', ${day}, '${priceId}', q, 'USD', 0, q * price, 0, 0, 0, q * price, roll_up from
        (select n, 'input' as class, ${sides[0][1]} as q, ${sides[0][2]} as price, ${rollUp(0)} as roll_up from numbers union all select n, 'output', ${sides[1][1]}, ${sides[1][2]}, ${rollUp(1)} from numbers);
    insert into billing_roll_up (id, account_id, minute, day, product_id, product_name, price_version_id, class, currency, row_count, quantity, list_units, list_remainder, free_units, free_remainder,
        discount_units, discount_remainder, amount_units, amount_remainder, prepaid_units, prepaid_remainder, promo_units, promo_remainder, sla_units, sla_remainder, is_open)
      select r.roll_up_id, r.account_id, e.time - e.time % 60000000, r.day, r.product_id, '${model}', r.price_version_id, r.class, 'USD', count(*), sum(r.quantity), sum(r.amount_remainder) / 1000000000000, sum(r.amount_remainder) % 1000000000000, 0, 0,
        0, 0, sum(r.amount_remainder) / 1000000000000, sum(r.amount_remainder) % 1000000000000, 0, 0, 0, 0, 0, 0, 1
      from billing_rated_row r join billing_meter_event e on e.id = r.event_id group by r.roll_up_id;
    insert into billing_rating_total (account_id, price_version_id, class, month, quantity) select account_id, price_version_id, class, ${start / 86_400_000}, sum(quantity) from billing_roll_up group by class;
    insert into billing_ledger_transaction (id, key, kind, effective_at, booked_at) values ('00000000-0000-7000-8000-00000000BE0C', 'usage:bench', 'Usage', ${start}000, ${start}000);
    insert into billing_posting (transaction_id, line, account, currency, amount_units, amount_remainder)
      select '00000000-0000-7000-8000-00000000BE0C', 0, 'A:Unbilled:' || lower(replace('${accountId}', '-', '')), 'USD', sum(amount_units) + sum(amount_remainder) / 1000000000000, sum(amount_remainder) % 1000000000000 from billing_roll_up;
    insert into billing_posting (transaction_id, line, account, currency, amount_units, amount_remainder)
      select transaction_id, 1, 'R:Usage:inference', 'USD', -amount_units - (amount_remainder > 0), (1000000000000 - amount_remainder) % 1000000000000 from billing_posting where line = 0 and transaction_id = '00000000-0000-7000-8000-00000000BE0C';
    ${indexes}
    analyze; pragma journal_mode = wal;`);
}

/** The command by itself, its result, and the most memory that it ever had. */
async function verify(number) {
  const ran = spawn(process.env.LODESTONE_EXECUTABLE, ["invoice", "verify", number, "--data", data], { stdio: ["ignore", "pipe", "inherit"] });
  let [most, said] = [0, ""];
  ran.stdout.on("data", (part) => (said += part));
  const watch = setInterval(() => {
    try {
      most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${ran.pid}/status`, "utf8"))?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  }, 50);
  const code = await new Promise((next) => ran.once("exit", next));
  clearInterval(watch);
  assert.equal(code, 0, said);
  console.log(`${said.trim()} (at most ${Math.round(most / 1024)} MiB of memory)`);
}

const mark = join(home, `seeded-${events}`);
try {
  if (!existsSync(mark)) {
    await serve();
    await until(async () => (await api("GET", "/api/v1/prices")).prices.some((p) => p.model === model), "the demo's model");
    await api("POST", "/api/v1/prices", { model, inputPerMillion: "2", outputPerMillion: "8", reason: "bench", confirm: true });
    await stop();
    await timed(`${events} events and ${2 * events} rated rows written`, async () => fill());
    writeFileSync(mark, "");
  }
  await serve();
  const draft = await timed("draft", () => api("POST", "/api/v1/invoices", { account, until: new Date(end).toISOString() }));
  const issued = await timed("issue", () => api("POST", `/api/v1/invoices/${draft.id}/issue?release=true`, {}));
  const { form } = await api("GET", `/api/v1/invoices/${issued.number}`);
  assert.equal(form.recipe.rows, 2 * events);
  await stop();
  await timed("reproduction", () => verify(issued.number));
  console.log(`${issued.number}: ${form.lines.length} lines, ${form.recipe.rows} rows, ${issued.total} ${issued.currency}`);
  if (kept) {
    await serve();
    await api("POST", `/api/v1/invoices/${issued.number}/void`, {});
    await stop();
  }
} finally {
  server?.kill("SIGKILL");
  if (!kept) rmSync(home, { recursive: true });
}
