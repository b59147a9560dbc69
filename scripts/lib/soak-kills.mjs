// Rounds of concurrent paid streams, each interrupted by SIGKILL of the engine or of the server. Prints what became of the calls.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.mjs";

const [rounds, streams] = process.argv.slice(2).map(Number);
const maxTokens = 120;
const seedFile = fileURLToPath(new URL("../walk.seed.json", import.meta.url));
const token = Object.fromEntries(JSON.parse(readFileSync(seedFile, "utf8")).users.map((user) => [user.name, user.tokens[0].value]));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const data = mkdtempSync(join(tmpdir(), "lodestone-soak-"));
const model = "lodestone/compass-3m-chat";

const log = openSync(join(data, "log"), "a");

let server;

async function until(condition, seconds = 30) {
  for (const end = Date.now() + seconds * 1000; ; await new Promise((next) => setTimeout(next, 50))) {
    if (await condition().catch(() => false)) return;
    assert.ok(Date.now() < end, "waited too long");
  }
}

async function start() {
  server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--data", data, "--url", url, "--seed", seedFile], {
    stdio: ["ignore", log, log],
    env: { ...process.env, Billing__FreePerDay: "0.0001" }, // so that nearly everything is charged
  });
  await until(async () => (await fetch(`${url}/health/ready`)).ok);
  await until(async () => (await (await fetch(`${url}/v1/models`)).json()).data.some((served) => served.id === model));
}

async function api(who, path, body) {
  const answer = await fetch(url + path, {
    method: body ? "POST" : "GET",
    headers: { authorization: `Bearer ${token[who]}`, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}

/** One stream. How it ended, and the usage if the end was reached. */
async function call(id) {
  const seen = { id, ended: "cut", chunks: 0, usage: undefined };
  try {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token.theo}`, "content-type": "application/json", "x-request-id": id },
      body: JSON.stringify({ model, stream: true, stream_options: { include_usage: true }, max_tokens: maxTokens, temperature: 1, messages: [{ role: "user", content: `Tell me about ${id}` }] }),
    });
    if (!answer.ok) return { ...seen, ended: `refused ${answer.status} ${(await answer.json()).error.code}` };
    let text = "";
    for await (const part of answer.body) {
      text += Buffer.from(part).toString("utf8");
      const events = text.split("\n\n");
      text = events.pop();
      for (const event of events.filter((line) => line.startsWith("data: "))) {
        if (event === "data: [DONE]") {
          if (seen.ended !== "error event") seen.ended = "done";
          continue;
        }
        const chunk = JSON.parse(event.slice(6));
        if (chunk.error) seen.ended = "error event";
        if (chunk.choices?.[0]?.delta?.content) seen.chunks++;
        seen.usage = chunk.usage ?? seen.usage;
      }
    }
  } catch {
    // The server went away.
  }
  return seen;
}

const workers = () => execFileSync("pgrep", ["-P", String(server.pid), "lodestone-engin"], { encoding: "utf8" }).split("\n").filter(Boolean).map(Number); // names are cut at 15

// The demo model answers in milliseconds: it runs one in eight of them, so that the kills meet streams half-way.
const pause = (ms) => new Promise((next) => setTimeout(next, ms));
const signal = (name) => {
  try {
    workers().forEach((pid) => process.kill(pid, name));
  } catch {
    // None runs at the moment.
  }
};
let isSlow = true;
const slowing = (async () => {
  while (isSlow) {
    signal("SIGSTOP");
    await pause(70);
    signal("SIGCONT");
    await pause(10);
  }
})();

const seen = [];
try {
  await start();
  await until(async () => (await api("theo", "/api/v1/topups", { amount: "50.00", provider: "test" })).status === 201);
  await call("warm-up");
  for (let round = 1; round <= rounds; round++) {
    const running = Array.from({ length: streams }, (_, i) => call(`soak-${round}-${i}`));
    await pause(500 + Math.random() * 2000);
    const target = round % 2 ? "engine" : "server";
    if (target === "engine") {
      workers().forEach((pid) => process.kill(pid, "SIGKILL"));
    } else {
      const gone = new Promise((next) => server.once("exit", next));
      server.kill("SIGKILL");
      await gone;
      await start();
      await call(`warm-up-${round}`);
    }
    const results = await Promise.all(running);
    seen.push(...results);
    const ends = Object.entries(Object.groupBy ? Object.groupBy(results, (result) => result.ended) : results.reduce((groups, result) => ({ ...groups, [result.ended]: [...(groups[result.ended] ?? []), result] }), {}));
    console.log(`round ${round}: killed the ${target}; ${ends.map(([end, group]) => `${group.length} ${end}`).join(", ")}`);
  }

  const tally = { settled: 0, none: 0, orphaned: 0 };
  for (const result of seen) {
    const { status, body } = await api("theo", `/api/v1/usage/calls/${result.id}`);
    assert.ok(status === 200 || status === 404, `${result.id}: ${status}`);
    if (status === 404) {
      assert.ok(result.ended !== "done", `${result.id} reached its end but has no event`);
      tally.none++;
      continue;
    }
    tally.settled++;
    if (body.event.outcome === "orphaned") tally.orphaned++;
    assert.ok(body.event.outputTokens <= maxTokens, `${result.id} is above its hold`);
    if (result.ended === "done") {
      assert.equal(body.event.inputTokens, result.usage.prompt_tokens);
      assert.equal(body.event.outputTokens, result.usage.completion_tokens);
    }
  }
  console.log(`${seen.length} calls: ${tally.settled} settled once (${tally.orphaned} of them from the journal after a crash), ${tally.none} with nothing to settle`);

  const half = seen.filter((result) => result.ended !== "done" && result.chunks > 0).length;
  console.log(`${half} calls were cut half-way`);
  assert.ok(half > 0, "no kill met a stream half-way");

  const { body: books } = await api("ada", "/api/v1/ledger/checks");
  books.checks.forEach((check) => console.log(`${check.holds ? "holds " : "BROKEN"}  ${check.name}: ${check.left} = ${check.right}`));
  const { body: balance } = await api("ada", "/api/v1/ledger/trial-balance");
  console.log(`trial balance: ${balance.totals.map((total) => `${total.total} ${total.currency}`).join(", ")}`);
  assert.ok(balance.accounts.some((line) => line.account.startsWith("R:Usage") && Number(line.amount) !== 0), "nothing was charged");
  assert.ok(books.checks.every((check) => check.holds) && balance.isZero);
} catch (failure) {
  console.error(readFileSync(join(data, "log"), "utf8").split("\n").filter((line) => / (fail|crit): /.test(line)).slice(-20).join("\n"));
  throw failure;
} finally {
  isSlow = false;
  await slowing;
  server?.kill("SIGTERM");
  await new Promise((next) => server?.once("exit", next) ?? next());
  rmSync(data, { recursive: true, force: true });
}
