// Makes collections, lists and deletes them, and prints what came of it. Environment: HUB (address), TOKEN, OWNER (has a model called compass).
import { createCollection, deleteCollection, listCollections } from "@huggingface/hub";

const here = { accessToken: process.env.TOKEN, hubUrl: process.env.HUB };
const owner = process.env.OWNER;
const titles = async (search) => { const found = []; for await (const one of listCollections({ ...here, search, limit: 10 })) found.push(one.title); return found; };
const out = {};

const { slug } = await createCollection({ ...here, collection: { title: "Points north", namespace: owner, description: "All of it", private: false, item: { type: "model", id: `${owner}/compass` } } });
out.slug = slug.slice(0, -24);
await createCollection({ ...here, collection: { title: "Hidden", namespace: owner, private: true } });
out.all = (await titles({ owner: [owner] })).sort();
out.withItem = await titles({ owner: [owner], item: [`models/${owner}/compass`] });
out.found = await titles({ q: "north" });
await deleteCollection({ ...here, slug });
out.left = await titles({ owner: [owner] });
out.again = await deleteCollection({ ...here, slug }).then(() => "done", (error) => error.statusCode);
console.log(JSON.stringify(out));
