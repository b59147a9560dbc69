// Starts a server with three files of the same length: one whole, one as chunks that do not pack, one as chunks that do. Moves their
// bytes by turns. Prints rates, CPU seconds per GiB, and ratios.
import assert from "node:assert/strict";
import { createHash, randomFillSync } from "node:crypto";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { freePort } from "./free-port.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const clients = createRequire(`${root}tests/clients/package.json`);
const { uploadFile } = await import(pathToFileURL(clients.resolve("@huggingface/hub")).href);
const [rounds, mebibytes, seconds] = process.argv.slice(2).map(Number);
const size = mebibytes * 1024 * 1024;
const gib = size / 1024 ** 3;
const seedFile = join(root, "scripts/walk.seed.json");
const accessToken = JSON.parse(readFileSync(seedFile, "utf8")).users.find((one) => one.name === "mira").tokens[0].value;
const hubUrl = `http://127.0.0.1:${await freePort()}`;
const data = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), "lodestone-bench-"));
const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const run = (program, args) => execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 26 });
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** CPU seconds that the server has used: fields 14 and 15 of /proc/PID/stat, counted behind the name, which may have spaces. */
function cpu() {
  const stat = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(stat[11]) + Number(stat[12])) / ticks;
}

/** What was counted of earlier reads is written down in the background: that is not part of the next measurement. */
async function settled() {
  for (let before = -1; before !== (before = cpu()); ) await new Promise((next) => setTimeout(next, 300));
}

async function post(path, body, type = "application/json") {
  const answer = await fetch(`${hubUrl}${path}`, { method: "POST", headers: { authorization: `Bearer ${accessToken}`, "content-type": type }, body });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

async function until(condition) {
  for (const end = Date.now() + 60_000; !(await condition().catch(() => false)); await new Promise((next) => setTimeout(next, 50))) {
    assert.ok(Date.now() < end, "waited too long");
  }
}

/** Random bytes; where they shall pack, half of each four are like weights' exponents. */
function content(packs) {
  const parts = [];
  for (let at = 0; at < size; at += 1 << 24) {
    const part = randomFillSync(Buffer.alloc(Math.min(1 << 24, size - at)));
    if (packs) for (let i = 0; i < part.length; i += 4) part[i + 1] = part[i + 3] = 0x3c;
    parts.push(part);
  }
  return new Blob(parts);
}

async function putWhole(path, blob) {
  const oid = createHash("sha256");
  for await (const bytes of blob.stream()) oid.update(bytes);
  const file = { oid: oid.digest("hex"), size };
  const batch = await post("/mira/bench.git/info/lfs/objects/batch", JSON.stringify({ operation: "upload", objects: [file] }));
  const put = await fetch(batch.objects[0].actions.upload.href, { method: "PUT", body: blob });
  assert.ok(put.ok, await put.text());
  const lines = [{ key: "header", value: { summary: "Add weights" } }, { key: "lfsFile", value: { path, algo: "sha256", ...file } }];
  await post("/api/models/mira/bench/commit/main", lines.map((line) => JSON.stringify(line)).join("\n"), "application/x-ndjson");
}

/** One download; in the old protocol nothing is sent by the kernel, so all of it is read or rebuilt. */
function download(path, protocol) {
  const before = cpu();
  const bytesPerSecond = Number(run("curl", ["-sSf", protocol, "-o", "/dev/null", "-w", "%{speed_download}", `${hubUrl}/mira/bench/resolve/main/${path}`]));
  return { rate: bytesPerSecond / 1e6, cpu: (cpu() - before) / gib };
}

function ranges(path) {
  const before = cpu();
  const said = run("wrk", ["-t1", "-c16", `-d${seconds}s`, "-s", join(data, "ranges.lua"), `${hubUrl}/mira/bench/resolve/main/${path}`]);
  assert.doesNotMatch(said, /Non-2xx|Socket errors/, said);
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]);
  return { rate, cpu: ((cpu() - before) / (rate * seconds)) * 1e6 };
}

function sha256() {
  const [block, startedAt] = [randomFillSync(Buffer.alloc(1 << 28)), performance.now()];
  createHash("sha256").update(block).digest();
  return { rate: block.length / 1e3 / (performance.now() - startedAt), cpu: 0 };
}

function report(name, unit, measured, first, wanted) {
  const base = median(measured[first].map((m) => m.rate));
  console.log(`\n${name.padEnd(32)}${unit.padStart(12)}`);
  for (const [who, all] of Object.entries(measured)) {
    const [rate, used] = [median(all.map((m) => m.rate)), median(all.map((m) => m.cpu))];
    console.log(`  ${who.padEnd(30)}${rate.toFixed(0).padStart(12)}   CPU ${used.toFixed(2)}${who === first ? "" : `   ${(rate / base).toFixed(2)} of ${first}${wanted ? ` (wanted ${wanted})` : ""}`}`);
  }
}

const log = openSync(join(data, "log"), "a");
const server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--no-demo", "--data", data, "--url", hubUrl, "--seed", seedFile], { stdio: ["ignore", log, log] });
try {
  await until(async () => (await fetch(`${hubUrl}/health/ready`)).ok);
  await post("/api/repos/create", JSON.stringify({ name: "bench" }));
  await putWhole("whole.bin", content(false));
  const repo = { type: "model", name: "mira/bench" };
  await uploadFile({ repo, hubUrl, accessToken, file: { path: "chunks.bin", content: content(false) } });
  await uploadFile({ repo, hubUrl, accessToken, file: { path: "packed.bin", content: content(true) } });
  writeFileSync(join(data, "ranges.lua"), `
    local blocks = ${Math.floor(size / 65536)}
    request = function()
      local at = math.random(0, blocks - 1) * 65536
      return wrk.format("GET", nil, { ["Range"] = string.format("bytes=%d-%d", at, at + 65535) })
    end`);
  const files = { whole: "whole.bin", "chunks, stored": "chunks.bin", "chunks, packed": "packed.bin" };
  const [sent, parts, rebuilt] = [{}, {}, { "SHA-256": [] }];
  for (let round = -1; round < rounds; round++) {
    const keep = (table, who, value) => round >= 0 && (table[who] ??= []).push(value);
    keep(rebuilt, "SHA-256", sha256());
    for (const [who, path] of Object.entries(files)) {
      await settled();
      keep(sent, who, download(path, "--http1.1"));
      keep(rebuilt, who, download(path, "--http1.0"));
      keep(parts, who, ranges(path));
    }
  }

  console.log(`${rounds} rounds by turns, medians; ${mebibytes} MiB; CPU seconds per GiB, or µs a range`);
  report("downloads", "MB/s", sent, "whole", "0.80");
  report("64 KiB ranges, 16 at a time", "requests/s", parts, "whole");
  report("rebuilt, and sent from memory", "MB/s", rebuilt, "SHA-256", "0.80");
} finally {
  server.kill();
  rmSync(data, { recursive: true, force: true });
}
