// The story of the product, told by the clients people have. Usage: node walk.mjs http://localhost:8080
// The server was seeded with scripts/walk.seed.json. Every claim is checked; the first that fails ends the walk.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const clients = createRequire(`${root}tests/clients/package.json`);
const { createRepo, uploadFiles, listModels, modelInfo } = await import(pathToFileURL(clients.resolve("@huggingface/hub")).href);
const { default: OpenAI } = await import(pathToFileURL(clients.resolve("openai")).href);

const server = new URL(process.argv[2] ?? "http://localhost:8080").origin;
const seed = JSON.parse(readFileSync(`${root}scripts/walk.seed.json`, "utf8"));
const token = Object.fromEntries(seed.users.map((user) => [user.name, user.tokens[0].value]));
const stamp = Date.now().toString(36);
const model = `northlight/oracle-${stamp}`;
const question = { model, temperature: 0, max_tokens: 64, messages: [{ role: "user", content: "What is Lodestone?" }] };

const say = (text = "") => console.log(text);
const chapter = (title) => say(`\n${title}\n${"─".repeat(title.length)}`);

/** Our own routes, as a program calls them. */
async function api(who, path, body) {
  const answer = await fetch(server + path, {
    method: body ? "POST" : "GET",
    headers: { authorization: `Bearer ${token[who]}`, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${path} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}

/** Decimal strings of up to 12 places, as picos. */
function picos(amount) {
  const [whole, fraction = ""] = amount.replace("-", "").split(".");
  const size = BigInt(whole) * 10n ** 12n + BigInt(fraction.padEnd(12, "0"));
  return amount.startsWith("-") ? -size : size;
}
const sum = (amounts) => amounts.reduce((total, amount) => total + picos(amount), 0n);
const decimal = (value) => {
  const digits = (value < 0n ? -value : value).toString().padStart(13, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, "");
};

chapter("Mira publishes");
const files = ["config.json", "tokenizer.json", "tokenizer_config.json", "compass-3m-chat-Q8_0.gguf"];
const card = `---\nlicense: apache-2.0\npipeline_tag: text-generation\nbase_model: lodestone/compass-3m-chat\n---\n# Oracle\n\nA small model that knows what Lodestone is.\n`;
const mira = { hubUrl: server, accessToken: token.mira, repo: { type: "model", name: model } };
await createRepo({ ...mira, private: false });
await uploadFiles({
  ...mira,
  commitTitle: "Publish weights and card",
  files: [
    { path: "README.md", content: new Blob([card]) },
    ...files.map((path) => ({ path, content: new Blob([readFileSync(`${root}demo/compass-3m-chat/${path}`)]) })),
  ],
});
const info = await modelInfo({ name: model, hubUrl: server, additionalFields: ["sha", "gguf"] });
say(`With @huggingface/hub, Mira publishes ${model}, ${files.length + 1} files, at ${info.sha.slice(0, 10)}.`);
say(`The hub read its weights: ${info.gguf.total.toLocaleString("en")} parameters, ${info.gguf.architecture}, context ${info.gguf.context_length}.`);

await until(() => api("ada", "/api/v1/prices").then((book) => book.prices.some((price) => price.model === model)));
await api("ada", "/api/v1/prices", { model, inputPerMillion: "20.00", outputPerMillion: "80.00", reason: "Opening price" });
say("Ada, who operates the server, prices it: 20.00 USD per million input tokens, 80.00 per million output tokens.");

chapter("Theo finds it and calls it");
const found = [];
for await (const hit of listModels({ search: { query: "oracle" }, hubUrl: server })) found.push(hit.name);
assert.ok(found.includes(model));
const page = await fetch(`${server}/${model}`, { headers: { accept: "text/html" } });
assert.equal(page.status, 200);
assert.ok((await page.text()).includes("knows what Lodestone is"));
say(`Searching for "oracle" he finds ${model}, and reads its page at ${server}/${model}`);

const openai = new OpenAI({ baseURL: `${server}/v1`, apiKey: token.theo });
const before = await api("theo", "/api/v1/wallet");
say(`His wallet: balance ${before.balance} USD, free today ${before.freeLeft} of ${before.freePerDay} USD.`);
const first = await openai.chat.completions.create(question);
say(`He asks with the openai package: What is Lodestone?`);
say(`  “${first.choices[0].message.content}”`);
say(`  ${first.usage.prompt_tokens} tokens in, ${first.usage.completion_tokens} out, request ${first._request_id}`);

chapter("The free allowance ends");
let calls = 1;
let refusal;
while (!refusal) {
  assert.ok(calls < 200, "the allowance never ended");
  await openai.chat.completions.create(question).then(() => calls++, (error) => (refusal = error));
}
assert.equal(refusal.status, 402);
say(`After ${calls} calls the next one is refused with ${refusal.status} ${refusal.code}:`);
say(`  “${refusal.error.message}”`);
for (const [name, value] of Object.entries(refusal.error)) {
  if (!["message", "type", "param", "code", "request_id"].includes(name)) say(`  ${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`);
}
assert.equal(refusal.headers.get("x-should-retry"), "false");

chapter("He tops up and goes on");
const topUp = await api("theo", "/api/v1/topups", { amount: "5.00", provider: "test" });
assert.equal(topUp.state, "succeeded");
say(`He pays ${topUp.amount} ${topUp.currency} through the test provider: ${topUp.id}, ${topUp.state}.`);
let usage;
for (let again = 0; again < 3; again++) {
  let streamed = "";
  for await (const chunk of await openai.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } })) {
    streamed += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
    calls += chunk.usage ? 1 : 0;
  }
  assert.equal(streamed, first.choices[0].message.content);
}
say(`The same question three times, streamed: the same ${usage.completion_tokens} tokens each. What was left of the allowance went first;`);
say(`the wallet is at ${(await api("theo", "/api/v1/wallet")).balance} USD.`);

chapter("Both sides follow every token");
const bought = (await api("theo", `/api/v1/usage/calls?model=${encodeURIComponent(model)}`)).calls;
const sold = (await api("mira", `/api/v1/usage/calls?side=seller&account=northlight&model=${encodeURIComponent(model)}`)).calls;
assert.equal(bought.length, calls);
assert.deepEqual(sold.map((call) => call.requestId), bought.map((call) => call.requestId));
say("time                      tokens in  out   list USD      charged USD   request");
for (const call of [...bought.slice(0, 3), ...bought.slice(-1)]) {
  say(`${call.time}  ${String(call.inputTokens).padStart(9)}  ${String(call.outputTokens).padStart(3)}   ${call.listValue.padEnd(12)}  ${call.charged.padEnd(12)}  ${call.requestId}`);
}
say(`(${bought.length} calls; Northlight sees the same ones on its side, without who called)`);

const detail = await api("theo", `/api/v1/usage/calls/${bought[0].requestId}`);
say(`\nThe newest, ${bought[0].requestId}:`);
for (const row of detail.rated) say(`  rated    ${row.class.padEnd(8)} ${String(row.quantity).padStart(5)} tokens  list ${row.listValue}  free ${row.free}  charged ${row.amount}`);
for (const posting of detail.ledger.postings) say(`  posting  ${posting.account.padEnd(52)} ${posting.amount}`);

const reports = await Promise.all(bought.map((call) => api("theo", `/api/v1/usage/calls/${call.requestId}`)));
const eventTokens = bought.reduce((total, call) => total + call.inputTokens + call.outputTokens, 0);
const ratedTokens = reports.flatMap((report) => report.rated).reduce((total, row) => total + row.quantity, 0);
const rated = sum(reports.flatMap((report) => report.rated.map((row) => row.amount)));
const posted = sum(reports.flatMap((report) => report.ledger?.postings ?? []).filter((posting) => posting.account.startsWith("R:Usage")).map((posting) => posting.amount));
const events = sum(bought.map((call) => call.charged));
assert.equal(eventTokens, ratedTokens);
assert.equal(events, rated);
assert.equal(rated, -posted);
say(`\nEvents ${eventTokens} tokens = rated rows ${ratedTokens} tokens.`);
say(`Events ${decimal(events)} USD = rated rows ${decimal(rated)} USD = postings ${decimal(-posted)} USD.`);
assert.equal(picos((await api("theo", "/api/v1/wallet")).balance), picos(topUp.amount) - rated);

chapter("Ada closes the day");
const byModel = await api("theo", "/api/v1/usage?groupBy=model");
say("usage by model                            calls     in    out   list USD      charged USD");
for (const row of [...byModel.rows, byModel.total]) {
  say(`${row.key.padEnd(40)} ${String(row.calls).padStart(6)} ${String(row.inputTokens).padStart(6)} ${String(row.outputTokens).padStart(6)}   ${row.listValue.padEnd(12)}  ${row.charged}`);
}
const { checks } = await api("ada", "/api/v1/ledger/checks");
say();
for (const check of checks) {
  say(`${check.holds ? "holds " : "BROKEN"}  ${check.name}: ${check.left} = ${check.right}`);
}
assert.ok(checks.every((check) => check.holds));
const balance = await api("ada", "/api/v1/ledger/trial-balance");
say("\ntrial balance");
for (const line of balance.accounts) say(`  ${line.account.padEnd(56)} ${line.amount.padStart(20)} ${line.currency}`);
for (const total of balance.totals) say(`  ${"total".padEnd(56)} ${total.total.padStart(20)} ${total.currency}`);
assert.ok(balance.isZero);

async function until(condition) {
  for (const end = Date.now() + 15_000; ; await new Promise((next) => setTimeout(next, 50))) {
    if (await condition()) return;
    assert.ok(Date.now() < end, "waited too long");
  }
}
