// Does with data sets, spaces, branches, pull requests and whole snapshots what hub.mjs does with a model, and prints what came of it.
// Environment: HUB (address), TOKEN, OTHER (token of somebody without rights), OWNER, FOLDER (empty).
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  checkRepoAccess, commit, createBranch, createRepo, datasetInfo, deleteBranch, deleteFiles, deleteRepo, downloadFile, listDatasets, listFiles, listModels, listSpaces,
  modelInfo, parseSafetensorsMetadata, repoExists, snapshotDownload, spaceInfo, uploadFile, uploadFiles,
} from "@huggingface/hub";

const hubUrl = process.env.HUB;
const accessToken = process.env.TOKEN;
const here = { accessToken, hubUrl };
const owner = process.env.OWNER;
const all = async (iterator) => { const items = []; for await (const item of iterator) items.push(item); return items; };
const paths = async (repo, revision) => (await all(listFiles({ ...here, repo, revision, recursive: true }))).map((file) => file.path);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const status = (promise) => promise.then(() => "done", (error) => error.statusCode);
const out = {};

const dataset = { type: "dataset", name: `${owner}/words` };
await createRepo({ ...here, repo: dataset, license: "mit" });
await uploadFiles({
  ...here, repo: dataset,
  files: [{ path: "data/train.jsonl", content: new Blob(['{"a":1}\n']) }, { path: "data/test.jsonl", content: new Blob(['{"a":2}\n']) }, { path: "sound.wav", content: new Blob([randomBytes(2000)]) }],
});
out.dataset = await datasetInfo({ ...here, name: dataset.name, additionalFields: ["tags", "author"] }).then((info) => [info.name, info.author, info.tags.includes("format:json"), info.tags.includes("license:mit")]);
out.datasets = (await all(listDatasets({ ...here, search: { owner }, limit: 5, additionalFields: ["sha"] }))).map((found) => [found.name, found.sha.length]);
await deleteFiles({ ...here, repo: dataset, paths: ["data/test.jsonl"] });
out.datasetFiles = await paths(dataset);

const space = { type: "space", name: `${owner}/demo` };
await createRepo({ ...here, repo: space, sdk: "static", files: [{ path: "index.html", content: new Blob(["<h1>Hello</h1>"]) }] });
out.space = await spaceInfo({ ...here, name: space.name, additionalFields: ["author", "sdk"] }).then((info) => [info.name, info.sdk]);
out.spaces = (await all(listSpaces({ ...here, search: { owner } }))).map((found) => found.name);

const model = { type: "model", name: `${owner}/weights` };
await createRepo({ ...here, repo: model, private: true });
const header = new TextEncoder().encode(JSON.stringify({ a: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] } }));
const weights = Buffer.concat([Buffer.from(new BigUint64Array([BigInt(header.length)]).buffer), header, randomBytes(24)]);
await uploadFile({ ...here, repo: model, file: { path: "model.safetensors", content: new Blob([weights]) } });
out.parameters = (await parseSafetensorsMetadata({ ...here, repo: model, computeParametersCount: true })).parameterCount;
out.safetensors = (await modelInfo({ ...here, name: model.name, additionalFields: ["safetensors"] })).safetensors;

await createBranch({ ...here, repo: model, branch: "feature/x" });
await uploadFile({ ...here, repo: model, branch: "feature/x", file: { path: "x.txt", content: new Blob(["x"]) } });
await createBranch({ ...here, repo: model, branch: "empty", empty: true });
out.branches = [await paths(model, "feature/x"), await paths(model, "empty"), await paths(model)];
out.branchAgain = await status(createBranch({ ...here, repo: model, branch: "empty" }));
await deleteBranch({ ...here, repo: model, branch: "empty" });
out.branchGone = await status(deleteBranch({ ...here, repo: model, branch: "empty" }));

const proposed = await uploadFile({ ...here, repo: model, isPullRequest: true, file: { path: "y.txt", content: new Blob(["y"]) }, commitTitle: "Propose" });
out.pullRequest = proposed.pullRequestUrl;
out.proposal = [await paths(model, "refs/pr/1"), await paths(model)];
await commit({ ...here, repo: model, branch: "refs/pr/1", title: "More", operations: [{ operation: "delete", path: "y.txt" }] });
out.proposalAfter = await paths(model, "refs/pr/1");

out.access = [await status(checkRepoAccess({ ...here, repo: model })), await status(checkRepoAccess({ hubUrl, repo: model })), await status(checkRepoAccess({ hubUrl, accessToken: process.env.OTHER, repo: model }))];
out.seenByOthers = (await all(listModels({ hubUrl, accessToken: process.env.OTHER, search: { owner } }))).map((found) => found.name);
const folder = await snapshotDownload({ ...here, repo: model, cacheDir: process.env.FOLDER });
out.snapshotIsSame = sha256(await readFile(`${folder}/model.safetensors`)) === sha256(weights);
out.onBranch = await (await downloadFile({ ...here, repo: model, path: "x.txt", revision: "feature/x" })).text();
for (const repo of [dataset, space, model]) await deleteRepo({ ...here, repo });
out.left = [await repoExists({ ...here, repo: dataset }), await repoExists({ ...here, repo: space }), await repoExists({ ...here, repo: model })];
console.log(JSON.stringify(out));
