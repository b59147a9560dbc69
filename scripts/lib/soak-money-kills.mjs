// Cycles of work, each cut short by SIGKILL of the server. What was acknowledged must be there once, what was under way once or not at all, and
// every pico of it in the books. Each cycle's events and invoices are of another account, because an account has one draft a minute. The
// first failure ends it.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";

const cycles = Number(process.argv[2]);
const COMPARED_EVERY = 25;
const seed = JSON.parse(readFileSync(fileURLToPath(new URL("../walk.seed.json", import.meta.url)), "utf8"));
const tokens = Object.fromEntries(seed.users.map((user) => [user.name, user.tokens[0].value]));
const accounts = Array.from({ length: Math.min(cycles, 150) }, (_, i) => `soak-${i}`);
seed.organizations.push(...accounts.map((name) => ({ name, fullName: name, members: [{ user: "ada", role: "admin" }] })));
const home = mkdtempSync(join(tmpdir(), "lodestone-soak-money-"));
const seedFile = join(home, "seed.json");
writeFileSync(seedFile, JSON.stringify(seed));
const log = openSync(join(home, "log"), "a");
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const model = "northlight/relay";
const PICOS = 2_000_000n; // of a token, at 2 per million
const any = (limit) => Math.floor(Math.random() * limit);
const pause = (ms) => new Promise((next) => setTimeout(next, ms));

let server;
let isDying = false;
let began; // there is a price from here on

/** What answers the calls: a few words with pauses between them, and what it counted. */
const backend = createServer((request, answer) => {
  request.resume().on("end", async () => {
    answer.writeHead(200, { "content-type": "text/event-stream" });
    const words = 1 + any(12);
    const send = (choices, usage) => answer.write(`data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "relay", choices, usage })}\n\n`);
    for (let i = 0; i < words; i++) {
      send([{ index: 0, delta: { role: "assistant", content: "needle " } }]);
      await pause(any(25));
    }
    send([{ index: 0, delta: {}, finish_reason: "stop" }]);
    send([], { prompt_tokens: 5, completion_tokens: words, total_tokens: 5 + words });
    answer.end("data: [DONE]\n\n");
  });
});
await new Promise((next) => backend.listen(0, "127.0.0.1", next));

async function until(condition, what, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; ; await pause(20)) {
    if (await condition().catch(() => false)) return;
    assert.ok(Date.now() < end, `waited too long for ${what}`);
  }
}

async function start(...more) {
  isDying = false;
  server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--data", join(home, "data"), "--url", url, "--no-demo", ...more], {
    stdio: ["ignore", log, log],
    env: { ...process.env, Billing__FreePerDay: "0", Billing__Invoices__ProgressAmount: "1000000", Outgoing__AllowedRanges__0: "127.0.0.0/8" },
  });
  await until(async () => (await fetch(`${url}/health/ready`)).ok, "the server");
}

async function kill() {
  isDying = true;
  const gone = new Promise((next) => server.once("exit", next));
  server.kill("SIGKILL");
  await gone;
}

async function api(method, path, body, who = "ada") {
  const answer = await fetch(url + path, { method, headers: { authorization: `Bearer ${tokens[who]}`, "content-type": "application/json" }, body: body && JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`), { status: answer.status, reason: json.code });
  return json;
}

// By id. tokens: what the event says; 0 once it is voided.
const events = new Map();
const calls = new Map();
const paid = new Map();
const done = { events: 0, again: 0, corrected: 0, streamed: 0, landed: 0, cut: 0, calls: 0, orphaned: 0, nothing: 0, issued: 0, paid: 0 };

const cloudEvent = (id) => ({ specversion: "1.0", id, source: "/soak", type: "soak.call", subject: events.get(id).account, time: events.get(id).time, data: { tokens: events.get(id).sent } });

async function sendEvents(cycle, worker, n) {
  await pause(any(30)); // or rating, which is cut short each time, would be left behind
  const ids = Array.from({ length: 1 + any(8) }, (_, i) => `${cycle}-${worker}-${n}-${i}`);
  for (const id of ids) {
    const sent = 1 + any(500_000);
    events.set(id, { account: accountOf(cycle), time: new Date(Date.now() - any(Math.min(3_600_000, Date.now() - began))).toISOString(), sent, tokens: sent, isThere: false });
  }
  const known = [...events].filter(([, e]) => e.isThere).slice(-5).map(([id]) => id);
  const { results } = await api("POST", "/api/v1/meter/events:batch", [...ids, ...known].map(cloudEvent));
  results.forEach((result, i) => {
    assert.equal(result.result, i < ids.length ? "accepted" : "duplicate");
    Object.assign(events.get([...ids, ...known][i]), { isThere: true, key: result.key });
  });
  done.events += ids.length;
  done.again += known.length;
}

async function correct() {
  const able = [...events.values()].slice(-400).filter((e) => e.isThere && !e.underWay && e.tokens > 0);
  await pause(any(60));
  if (able.length === 0) return;
  const event = able[any(able.length)];
  const wanted = any(3) === 0 ? 0 : 1 + any(500_000);
  event.underWay = true;
  await api("POST", `/api/v1/meter/events/${event.key}:${wanted === 0 ? "void" : "amend"}`, wanted === 0 ? { reason: "soak" } : { reason: "soak", data: { tokens: wanted } });
  Object.assign(event, { tokens: wanted, underWay: false });
  done.corrected++;
}

async function call(cycle, worker, n) {
  const id = `call-${cycle}-${worker}-${n}`;
  const seen = { usage: undefined };
  calls.set(id, seen);
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${tokens.mira}`, "content-type": "application/json", "x-request-id": id },
    body: JSON.stringify({ model, stream: true, stream_options: { include_usage: true }, max_tokens: 40, messages: [{ role: "user", content: "Where is north?" }] }),
  });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  const usage = /"usage":(\{"prompt_tokens"[^}]*)/.exec(text);
  if (!text.includes("[DONE]") || !usage) return;
  done.streamed++;
  seen.usage = { input: Number(/"prompt_tokens":(\d+)/.exec(usage[1])[1]), output: Number(/"completion_tokens":(\d+)/.exec(usage[1])[1]) };
}

/** Drafts all that the cycle's account owes, issues it, and pays what is open. */
async function invoice(cycle) {
  const account = accountOf(cycle);
  try {
    const draft = await api("POST", "/api/v1/invoices", { account, until: new Date().toISOString() });
    const issued = await api("POST", `/api/v1/invoices/${draft.id}/issue?release=true`, {});
    paid.set(issued.number, { total: issued.total, isPaid: false });
    done.issued++;
    if (Number(issued.open) > 0) {
      const payment = await api("POST", `/api/v1/invoices/${issued.number}/pay`, { provider: "test" });
      assert.equal(payment.state, "succeeded");
      paid.get(issued.number).isPaid = true;
      done.paid++;
    }
  } catch (failure) {
    if (failure.reason !== "period_inverted") throw failure; // a draft ends at a whole minute
  }
}

/** When to kill: at any time from the start, or just after something was acknowledged, so that all kinds of work are met on a slow machine too. */
async function moment() {
  const what = [undefined, "events", "corrected", "streamed", "issued", "paid"][any(6)];
  const before = { ...done };
  for (const end = Date.now() + 4000; what && done[what] === before[what] && Date.now() < end; ) await pause(2);
  await pause(any(what ? 120 : 400));
}

const accountOf = (cycle) => accounts[cycle % accounts.length];

async function repeat(work) {
  for (let n = 0; !isDying; n++) {
    try {
      await work(n);
    } catch (failure) {
      if (!isDying || (failure.code === "ERR_ASSERTION" && !/5\d\d/.test(failure.message))) throw failure;
    }
  }
}

/** What the server died on is there whole or not at all; it is sent again, as its producer would. */
async function settleUnknown(cycle) {
  const unknown = [...events].filter(([, e]) => !e.isThere).map(([id]) => id);
  if (unknown.length > 0) {
    const { results } = await api("POST", "/api/v1/meter/events:batch", unknown.map(cloudEvent));
    results.forEach((result, i) => {
      assert.ok(["accepted", "duplicate"].includes(result.result), JSON.stringify(result));
      Object.assign(events.get(unknown[i]), { isThere: true, key: result.key });
      done[result.result === "duplicate" ? "landed" : "cut"]++;
    });
  }
  for (const event of [...events.values()].filter((e) => e.underWay)) {
    const history = await api("GET", `/api/v1/meter/events/${event.key}`);
    Object.assign(event, { tokens: history.state === "voided" ? 0 : history.versions.at(-1).data.tokens, underWay: false });
  }
  for (const left of (await api("GET", `/api/v1/invoices?account=${accountOf(cycle)}`)).invoices.filter((i) => i.number === null)) {
    await api("POST", `/api/v1/invoices/${left.id}/issue?release=true`, {});
  }
}

async function allInvoices() {
  const all = [];
  for (let next = "/api/v1/invoices"; next; ) {
    const answer = await fetch(next.startsWith("http") ? next : url + next, { headers: { authorization: `Bearer ${tokens.ada}` } });
    assert.ok(answer.ok);
    all.push(...(await answer.json()).invoices);
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
  }
  return all;
}

async function compareCalls() {
  for (const [id, seen] of [...calls].filter(([, c]) => !c.isCompared)) {
    const found = await api("GET", `/api/v1/usage/calls/${id}`, undefined, "mira").catch((failure) => (failure.status === 404 ? null : Promise.reject(failure)));
    assert.ok(found || !seen.usage, `${id} reached its end but has no event`);
    if (seen.usage) assert.deepEqual({ input: found.event.inputTokens, output: found.event.outputTokens }, seen.usage, id);
    seen.tokens = found ? found.event.inputTokens + found.event.outputTokens : 0;
    seen.isCompared = true;
    done[found ? (found.event.outcome === "orphaned" ? "orphaned" : "calls") : "nothing"]++;
  }
}

async function compare() {
  const invoices = await allInvoices();
  assert.deepEqual(invoices.map((i) => Number(i.number.split("-").at(-1))).sort((a, b) => a - b), invoices.map((_, i) => i + 1), "numbers without gaps");
  for (const [number, known] of paid) {
    const found = invoices.find((i) => i.number === number);
    assert.equal(found?.total, known.total, number);
    if (known.isPaid && !known.isCompared) {
      assert.equal(found.state, "paid", number);
      const { payments } = await api("GET", `/api/v1/invoices/${number}/payments`);
      assert.equal(payments.filter((p) => p.state === "succeeded").length, 1, number);
      known.isCompared = true;
    }
  }
  await compareCalls();
  for (const account of new Set([...events.values()].map((e) => e.account))) {
    const own = [...events.values()].filter((e) => e.account === account && e.tokens > 0);
    const sum = (await api("GET", `/api/v1/meters/soak.tokens/query?account=${account}`)).rows[0]?.value ?? "0";
    assert.equal(sum, own.reduce((all, e) => all + BigInt(e.tokens), 0n).toString(), `the meter of ${account}`);
    assert.equal((await api("GET", `/api/v1/meters/soak.events/query?account=${account}`)).rows[0]?.value ?? "0", own.length.toString(), `the number of events of ${account}`);
  }
  const metered = [...events.values()].reduce((sum, e) => sum + BigInt(e.tokens), 0n);
  const called = [...calls.values()].reduce((sum, c) => sum + BigInt(c.tokens), 0n);
  const billed = invoices.reduce((all, i) => all + picos(i.total), 0n);
  let books;
  await until(async () => {
    const balance = await api("GET", "/api/v1/ledger/trial-balance");
    assert.ok(balance.isZero);
    const of = (prefix) => balance.accounts.filter((a) => a.account.startsWith(prefix)).reduce((all, a) => all + picos(a.amount), 0n);
    books = { used: of("A:Unbilled") + billed, revenue: -of("R:Usage") };
    return books.used === metered * PICOS && books.revenue === (metered + called) * PICOS;
  }, "the books to have every token", 600).catch((failure) => {
    throw new Error(`${failure.message}: ${books.used} used and ${books.revenue} revenue, where ${metered * PICOS} were metered and ${called * PICOS} called`);
  });
  const checks = await api("GET", "/api/v1/ledger/checks");
  assert.ok(checks.holds, JSON.stringify(checks.checks.filter((check) => !check.holds)));
}

function picos(amount) {
  const [whole, fraction = ""] = amount.replace("-", "").split(".");
  const size = BigInt(whole + fraction.padEnd(12, "0"));
  return amount.startsWith("-") ? -size : size;
}

async function setUp() {
  await start("--seed", seedFile);
  await api("PUT", `/api/v1/catalogue/${model}`, { kind: "remote", isPublic: true, contextLength: 4096, maxOutput: 256, features: ["chat"], backends: [{ url: `http://127.0.0.1:${backend.address().port}/v1`, model: "relay", weight: 1 }] });
  await until(async () => {
    await api("POST", "/api/v1/prices", { model, inputPerMillion: "2", outputPerMillion: "2", reason: "soak", confirm: true });
    return true;
  }, "the model to be known");
  began = Date.now();
  await api("POST", "/api/v1/meters", { slug: "soak.tokens", eventType: "soak.call", aggregation: "sum", valuePath: "tokens", product: model, class: "input" });
  await api("POST", "/api/v1/meters", { slug: "soak.events", eventType: "soak.call", aggregation: "count" });
  await api("POST", "/api/v1/topups", { amount: "500", provider: "test" }, "mira");
}

try {
  await setUp();
  for (let cycle = 1; cycle <= cycles; cycle++) {
    const work = Promise.all([
      ...[0, 1].map((worker) => repeat((n) => sendEvents(cycle, worker, n))),
      ...[0, 1, 2].map((worker) => repeat((n) => call(cycle, worker, n))),
      repeat(correct),
      repeat(() => invoice(cycle)),
    ]);
    work.catch(() => {}); // looked at below
    await Promise.race([work, moment()]);
    await kill();
    await work;
    await start();
    await settleUnknown(cycle);
    if (cycle % COMPARED_EVERY === 0 || cycle === cycles) {
      await compare();
      console.log(`${cycle} cycles: the books agree`);
    }
  }
  await kill();
  const verified = spawnSync(process.env.LODESTONE_EXECUTABLE, ["invoice", "verify", "--all", "--data", join(home, "data")], { encoding: "utf8" });
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  console.log(`${cycles} cycles: ${done.events} events acknowledged, ${done.again} sent again, ${done.corrected} corrected, of those under way ${done.landed} had landed and ${done.cut} had not; ` +
    `${done.calls} calls settled, ${done.orphaned} of the journal after a crash, ${done.nothing} with nothing to settle; ${done.issued} invoices issued and ${done.paid} paid with an answer; ` +
    `${verified.stdout.trim()}: lost 0, doubled 0, unbalanced 0`);
} catch (failure) {
  console.error(readFileSync(join(home, "log"), "utf8").split("\n").filter((line) => / (fail|crit): /.test(line)).slice(-20).join("\n"));
  throw failure;
} finally {
  backend.closeAllConnections();
  backend.close();
  if (server?.exitCode === null && server.signalCode === null) await kill();
  rmSync(home, { recursive: true });
}
