// Cycles of events, corrections and repetitions, each cut short by SIGKILL of the server. What was acknowledged must be counted once, what
// was under way once or not at all, and every pico of it must be in the books. The first failure ends it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";

const cycles = Number(process.argv[2]);
const seedFile = fileURLToPath(new URL("../walk.seed.json", import.meta.url));
const token = JSON.parse(readFileSync(seedFile, "utf8")).users.find((user) => user.admin).tokens[0].value;
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const home = mkdtempSync(join(tmpdir(), "lodestone-soak-meter-"));
const log = openSync(join(home, "log"), "a");
const model = "lodestone/compass-3m-chat";
const PICOS = 2_000_000n; // of a token, at 2 per million
const any = (limit) => Math.floor(Math.random() * limit);

let server;
let isDying = false;

async function until(condition, what, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; ; await new Promise((next) => setTimeout(next, 30))) {
    if (await condition().catch(() => false)) return;
    assert.ok(Date.now() < end, `waited too long for ${what}`);
  }
}

async function start() {
  isDying = false;
  server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--data", join(home, "data"), "--url", url, "--seed", seedFile], {
    stdio: ["ignore", log, log],
    env: { ...process.env, Billing__FreePerDay: "0" },
  });
  await until(async () => (await fetch(`${url}/health/ready`)).ok, "the server");
}

async function kill() {
  isDying = true;
  const gone = new Promise((next) => server.once("exit", next));
  server.kill("SIGKILL");
  await gone;
}

async function api(method, path, body) {
  const answer = await fetch(url + path, { method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: body && JSON.stringify(body) });
  const json = await answer.json();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}

// By id. tokens: what the event says; 0 once it is voided. sure: whether the last thing done to it was acknowledged.
const events = new Map();
const counted = { acknowledged: 0, again: 0, corrected: 0, cut: 0, landed: 0 };

const cloudEvent = (id) => ({ specversion: "1.0", id, source: "/soak", type: "soak.call", subject: "theo", time: events.get(id).time, data: { tokens: events.get(id).sent } });

async function sendBatch(cycle, worker, n) {
  const time = new Date().toISOString();
  const ids = Array.from({ length: 1 + any(40) }, (_, i) => `${cycle}-${worker}-${n}-${i}`);
  for (const id of ids) {
    const tokens = 1 + any(5000);
    events.set(id, { time, sent: tokens, tokens, isThere: false });
  }
  const known = [...events].filter(([, e]) => e.isThere).slice(-5).map(([id]) => id);
  const { results } = await api("POST", "/api/v1/meter/events:batch", [...ids, ...known].map(cloudEvent));
  results.forEach((result, i) => {
    assert.equal(result.result, i < ids.length ? "accepted" : "duplicate");
    Object.assign(events.get([...ids, ...known][i]), { isThere: true, key: result.key });
  });
  counted.acknowledged += ids.length;
  counted.again += known.length;
}

async function correct() {
  const able = [...events.values()].filter((e) => e.isThere && !e.underWay && e.tokens > 0);
  if (able.length === 0) return new Promise((next) => setTimeout(next, 20));
  const event = able[any(able.length)];
  const tokens = any(3) === 0 ? 0 : 1 + any(5000);
  event.underWay = { tokens };
  await api("POST", `/api/v1/meter/events/${event.key}:${tokens === 0 ? "void" : "amend"}`, tokens === 0 ? { reason: "soak" } : { reason: "soak", data: { tokens } });
  event.tokens = tokens;
  delete event.underWay;
  counted.corrected++;
}

async function repeat(work) {
  for (let n = 0; !isDying; n++) {
    try {
      await work(n);
    } catch (failure) {
      if (!isDying) throw failure;
      if (failure.code === "ERR_ASSERTION" && !/: 5\d\d /.test(failure.message)) throw failure;
    }
  }
}

/** What the server died on is there whole or not at all; it is sent again, as its producer would. */
async function settleUnknown() {
  const unknown = [...events].filter(([, e]) => !e.isThere).map(([id]) => id);
  for (let i = 0; i < unknown.length; i += 500) {
    const some = unknown.slice(i, i + 500);
    const { results } = await api("POST", "/api/v1/meter/events:batch", some.map(cloudEvent));
    results.forEach((result, j) => {
      assert.ok(["accepted", "duplicate"].includes(result.result), JSON.stringify(result));
      Object.assign(events.get(some[j]), { isThere: true, key: result.key });
      counted[result.result === "duplicate" ? "landed" : "cut"]++;
    });
  }
  for (const event of [...events.values()].filter((e) => e.underWay)) {
    const history = await api("GET", `/api/v1/meter/events/${event.key}`);
    const last = history.versions.at(-1);
    event.tokens = history.state === "voided" ? 0 : last.data.tokens;
    delete event.underWay;
  }
}

async function compare() {
  const total = [...events.values()].reduce((sum, e) => sum + BigInt(e.tokens), 0n);
  const sum = (await api("GET", "/api/v1/meters/soak.tokens/query?account=theo")).rows[0]?.value ?? "0";
  assert.equal(sum, total.toString(), "the meter");
  const active = [...events.values()].filter((e) => e.tokens > 0).length;
  assert.equal((await api("GET", "/api/v1/meters/soak.events/query?account=theo")).rows[0]?.value ?? "0", active.toString(), "the number of events");
  await until(async () => {
    const balance = await api("GET", "/api/v1/ledger/trial-balance");
    assert.ok(balance.isZero);
    const charged = balance.accounts.filter((a) => a.account.startsWith("A:Unbilled")).reduce((all, a) => all + picos(a.amount), 0n);
    return charged === total * PICOS;
  }, "the books to have every token");
  const checks = await api("GET", "/api/v1/ledger/checks");
  assert.ok(checks.holds, JSON.stringify(checks.checks.filter((check) => !check.holds)));
}

function picos(amount) {
  const [whole, fraction = ""] = amount.split(".");
  return BigInt(whole + fraction.padEnd(12, "0"));
}

try {
  await start();
  await until(async () => (await api("GET", "/api/v1/prices")).prices.some((p) => p.model === model), "the demo's model");
  await api("POST", "/api/v1/prices", { model, inputPerMillion: "2", outputPerMillion: "2", reason: "soak", confirm: true });
  await api("POST", "/api/v1/meters", { slug: "soak.tokens", eventType: "soak.call", aggregation: "sum", valuePath: "tokens", product: model, class: "input" });
  await api("POST", "/api/v1/meters", { slug: "soak.events", eventType: "soak.call", aggregation: "count" });
  for (let cycle = 1; cycle <= cycles; cycle++) {
    const work = Promise.all([...[0, 1, 2].map((worker) => repeat((n) => sendBatch(cycle, worker, n))), repeat(correct)]);
    work.catch(() => {}); // looked at below
    await Promise.race([work, new Promise((next) => setTimeout(next, 50 + any(500)))]);
    await kill();
    await work;
    await start();
    await settleUnknown();
    if (cycle % 10 === 0 || cycle === cycles) await compare();
  }
  console.log(`${cycles} cycles: ${counted.acknowledged} events acknowledged, ${counted.again} sent again, ${counted.corrected} corrected; of those under way ${counted.landed} had landed and ${counted.cut} had not: lost 0, doubled 0, unbalanced 0`);
} finally {
  await kill();
  rmSync(home, { recursive: true });
}
