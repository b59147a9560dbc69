// Cycles of work on one repository, each cut short by SIGKILL of the server. After a restart everything acknowledged must be there
// and right, what was under way must be there whole or not at all, and git must find nothing wrong. The first failure ends it.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "./free-port.mjs";

const cycles = Number(process.argv[2]);
const seedFile = fileURLToPath(new URL("../walk.seed.json", import.meta.url));
const token = JSON.parse(readFileSync(seedFile, "utf8")).users.find((user) => user.name === "theo").tokens[0].value;
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const home = mkdtempSync(join(tmpdir(), "lodestone-soak-hub-"));
const data = join(home, "data");
const copy = join(home, "copy");
const repo = "theo/soak";
const log = openSync(join(home, "log"), "a");
const run = promisify(execFile);
const any = (limit) => Math.floor(Math.random() * limit);

let server;

async function until(condition, what, seconds = 30) {
  for (const end = Date.now() + seconds * 1000; ; await new Promise((next) => setTimeout(next, 30))) {
    if (await condition().catch(() => false)) return;
    assert.ok(Date.now() < end, `waited too long for ${what}`);
  }
}

async function start() {
  server = spawn(process.env.LODESTONE_EXECUTABLE, ["serve", "--data", data, "--url", url, "--no-demo", "--seed", seedFile], { stdio: ["ignore", log, log] });
  await until(async () => (await fetch(`${url}/health/ready`)).ok, "the server");
}

async function kill() {
  const gone = new Promise((next) => server.once("exit", next));
  server.kill("SIGKILL");
  await gone;
}

const call = (method, path, body, headers = {}) => fetch(path.startsWith("http") ? path : url + path, { method, headers: { authorization: `Bearer ${token}`, ...headers }, body });
const json = async (path) => (await okay(await call("GET", path))).json();
const git = async (...args) => (await run("git", args, { cwd: copy, env: { ...process.env, HOME: home, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1" } })).stdout.trim();
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

async function okay(answer) {
  assert.ok(answer.ok, `${answer.url} answered ${answer.status}: ${answer.ok ? "" : await answer.text()}`);
  return answer;
}

// What was acknowledged, and the one thing of each kind that was under way when the server died.
const commits = []; // ids on main, oldest first
const files = new Map(); // path → content on main
const large = new Map(); // SHA-256 → size
const branches = new Map(); // name → whether it is there
let pushed; // head of the branch that git pushes to
let underWay = {};
const counted = { commits: 0, uploads: 0, pushes: 0, branches: 0, cut: 0, landed: 0 };

/** Repeats a piece of work until the server is gone. A refusal is a failure: all that is asked for here must be granted. */
async function repeat(work) {
  for (;;) {
    try {
      await work();
    } catch (failure) {
      if (failure.code === "ERR_ASSERTION" || !isDying) throw failure;
      return;
    }
    if (isDying) return;
  }
}

let isDying = false;

async function commit() {
  const path = `api/${any(20)}.txt`;
  const content = randomBytes(any(3000)).toString("base64");
  const summary = `commit ${randomBytes(6).toString("hex")}`;
  const lines = [
    { key: "header", value: { summary } },
    { key: "file", value: { path, content, encoding: "utf-8" } },
    ...[...large].slice(-1).map(([oid, size]) => ({ key: "lfsFile", value: { path: "weights.bin", algo: "sha256", oid, size } })),
  ];
  underWay.commit = { path, content, summary };
  const answer = await okay(await call("POST", `/api/models/${repo}/commit/main`, lines.map((line) => JSON.stringify(line)).join("\n"), { "content-type": "application/x-ndjson" }));
  commits.push((await answer.json()).commitOid);
  files.set(path, content);
  counted.commits++;
  delete underWay.commit;
}

async function upload() {
  const bytes = randomBytes(1 + any(any(4) === 0 ? 4_000_000 : 200_000));
  const oid = sha256(bytes);
  underWay.upload = { oid, size: bytes.length };
  const { upload: action } = (await batch("upload", oid, bytes.length)).actions;
  await okay(await call("PUT", action.href, bytes, { ...action.header, "content-type": "application/octet-stream" }));
  large.set(oid, bytes.length);
  counted.uploads++;
  delete underWay.upload;
}

async function batch(operation, oid, size) {
  const body = JSON.stringify({ operation, transfers: ["basic"], objects: [{ oid, size }] });
  const answer = await okay(await call("POST", `/${repo}.git/info/lfs/objects/batch`, body, { "content-type": "application/vnd.git-lfs+json" }));
  return (await answer.json()).objects[0];
}

async function push() {
  mkdirSync(join(copy, "git"), { recursive: true });
  writeFileSync(join(copy, "git", `${any(20)}.txt`), randomBytes(any(20_000)).toString("base64"));
  await git("add", "-A");
  await git("commit", "-q", "--allow-empty", "-m", "by git");
  underWay.push = await git("rev-parse", "HEAD");
  await git("push", "-q", "origin", "HEAD:refs/heads/pushed");
  pushed = underWay.push;
  counted.pushes++;
  delete underWay.push;
}

async function branch() {
  const name = `branch/${any(5)}`;
  const isThere = branches.get(name) ?? false;
  underWay.branch = { name, isThere };
  await okay(await call(isThere ? "DELETE" : "POST", `/api/models/${repo}/branch/${encodeURIComponent(name)}`));
  branches.set(name, !isThere);
  counted.branches++;
  delete underWay.branch;
}

/** Takes note of what was under way, if it is there. */
function landed(isThere, adopt) {
  counted.cut++;
  if (isThere) {
    counted.landed++;
    adopt();
  }
}

async function checkMain() {
  const history = await json(`/api/models/${repo}/commits/main?limit=100`);
  const cut = underWay.commit;
  if (cut) {
    landed(history[0].title === cut.summary, () => {
      commits.push(history[0].id);
      files.set(cut.path, cut.content);
    });
  }
  const newest = commits.slice(-history.length).reverse();
  assert.deepEqual(history.slice(0, newest.length).map((known) => known.id), newest, "main has every acknowledged commit and no other");
  const info = await json(`/api/models/${repo}`);
  assert.equal(info.sha, commits.at(-1));
  const listed = (await json(`/api/models/${repo}/tree/main?recursive=true`)).filter((item) => item.type === "file").map((item) => item.path);
  assert.deepEqual(info.siblings.map((sibling) => sibling.rfilename), listed);
  for (const [path, content] of files) {
    assert.equal(await (await okay(await call("GET", `/${repo}/resolve/main/${path}`))).text(), content, path);
  }
}

async function checkLarge() {
  const cut = underWay.upload;
  if (cut) {
    const isThere = !(await batch("download", cut.oid, cut.size)).error;
    landed(isThere, () => large.set(cut.oid, cut.size));
  }
  for (const [oid, size] of [...large].slice(-8)) {
    const answer = await batch("download", oid, size);
    assert.ok(answer.actions, `${oid} was acknowledged and is not held`);
    const bytes = Buffer.from(await (await okay(await call("GET", answer.actions.download.href))).arrayBuffer());
    assert.equal(sha256(bytes), oid);
  }
}

async function checkReferences() {
  const refs = new Map((await git("ls-remote", "--refs", "origin")).split("\n").map((line) => line.split("\t").reverse()));
  const cut = underWay.push;
  const head = refs.get("refs/heads/pushed");
  if (cut) landed(head === cut, () => (pushed = cut));
  assert.equal(head, pushed, "the pushed branch is where a push left it");
  if (pushed) await git("fetch", "-q", "origin", "pushed");
  const half = underWay.branch;
  if (half) landed(refs.has(`refs/heads/${half.name}`) !== half.isThere, () => branches.set(half.name, !half.isThere));
  for (const [name, isThere] of branches) assert.equal(refs.has(`refs/heads/${name}`), isThere, name);
}

async function checkDisk() {
  const root = join(data, "repositories");
  const bare = readdirSync(root).flatMap((part) => readdirSync(join(root, part)).map((name) => join(root, part, name)));
  assert.equal(bare.length, 1);
  const fsck = () => run("git", ["-c", "safe.directory=*", "fsck", "--full", "--strict", "--no-dangling"], { cwd: bare[0], env: { ...process.env, HOME: home } });
  await fsck().catch(async (failure) => {
    assert.match(failure.stderr, /index not opened/); // the server has taken up a repack, which moved the objects under our eyes
    await until(() => fsck().then(() => true), "a repack to end", 60);
  });
  const leftover = () => [...readdirSync(join(bare[0], "objects")), ...readdirSync(join(bare[0], "objects", "pack"))].filter((name) => name.startsWith("tmp_"));
  await until(async () => leftover().length === 0, "leftovers to be swept", 10).catch(() => assert.fail(`left behind: ${leftover()}`));
}

try {
  await start();
  await okay(await call("POST", "/api/repos/create", JSON.stringify({ name: "soak", organization: "theo" }), { "content-type": "application/json" }));
  await run("git", ["clone", "-q", `http://theo:${token}@127.0.0.1:${port}/${repo}`, copy]);
  await git("config", "user.name", "Theo");
  await git("config", "user.email", "theo@example.org");
  commits.push(await git("rev-parse", "HEAD"));
  for (let cycle = 1; cycle <= cycles; cycle++) {
    isDying = false;
    underWay = {};
    const work = [commit, upload, push, branch].map(repeat);
    work.forEach((some) => some.catch(() => {}));
    await Promise.race([Promise.all(work), new Promise((next) => setTimeout(next, 30 + any(1200)))]); // a failure ends it at once
    isDying = true;
    await kill();
    await Promise.all(work);
    await start();
    await checkMain();
    await checkLarge();
    await checkReferences();
    await checkDisk();
  }
  console.log(`${cycles} cycles: ${counted.commits} commits, ${counted.uploads} large files, ${counted.pushes} pushes, ${counted.branches} branches acknowledged and there`);
  console.log(`${counted.cut} cut short, of which ${counted.landed} had landed, whole`);
} catch (failure) {
  console.error(readFileSync(join(home, "log"), "utf8").split("\n").filter((line) => / (fail|crit): /.test(line)).slice(-20).join("\n"));
  throw failure;
} finally {
  server?.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
}
