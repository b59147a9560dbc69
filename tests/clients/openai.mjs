// Does what a person does with openai, and prints what came of it as one JSON object.
// Environment: URL (of the server), TOKEN, MODEL, DEAR (a model above what the account may spend).
import OpenAI from "openai";

const baseURL = `${process.env.URL}/v1`;
const model = process.env.MODEL;
const messages = [{ role: "user", content: "What is a compass?" }];
const out = {};

let calls = 0;
const counted = (url, init) => { calls++; return fetch(url, init); };
const client = new OpenAI({ baseURL, apiKey: process.env.TOKEN, fetch: counted });

/** What the client threw, and how often it asked. */
const failure = async (call) => {
  calls = 0;
  const error = await call().then(() => null, (thrown) => thrown);
  return { class: error?.constructor.name, status: error?.status, code: error?.code, param: error?.param, type: error?.type, calls, requestId: error?.requestID?.slice(0, 4) };
};

out.listed = [];
for await (const listed of client.models.list()) out.listed.push(listed.id);
out.retrieved = (await client.models.retrieve(model)).owned_by;

const whole = await client.chat.completions.create({ model, messages, temperature: 0 });
out.whole = whole.choices[0].message.content;
out.usage = whole.usage;
out.requestId = whole._request_id.slice(0, 4);

out.streamed = "";
const stream = await client.chat.completions.create({ model, messages, temperature: 0, stream: true, stream_options: { include_usage: true } });
for await (const chunk of stream) {
  out.streamed += chunk.choices[0]?.delta.content ?? "";
  out.streamedUsage = chunk.usage ?? out.streamedUsage;
}

const runner = client.chat.completions.stream({ model, messages, temperature: 0, max_tokens: 3 });
const final = await runner.finalChatCompletion();
out.cut = [final.choices[0].finish_reason, final.choices[0].message.role];

const ask = (change, by = client) => failure(() => by.chat.completions.create({ model, messages, ...change }));
out.badValue = await ask({ temperature: 3 });
out.unsupported = await ask({ functions: [{ name: "f" }] });
out.tooLong = await ask({ messages: [{ role: "user", content: "compass ".repeat(600) }] });
out.noModel = await ask({ model: "acme/nothing" });
out.badKey = await ask({}, new OpenAI({ baseURL, apiKey: "hf_wrong", fetch: counted }));
out.cannotPay = await ask({ model: process.env.DEAR });
out.cannotPayStreamed = await ask({ model: process.env.DEAR, stream: true });

console.log(JSON.stringify(out));
