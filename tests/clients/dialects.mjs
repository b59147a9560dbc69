// Everybody's own client does the same few things: chats, streams, calls tools, wants JSON, makes mistakes, leaves.
// Prints what came of it as one JSON object. Environment: URL (of the server), TOKEN.
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
import { Mistral } from "@mistralai/mistralai";
import { InferenceClient } from "@huggingface/inference";
import { Ollama } from "ollama";
import { generateObject, generateText, jsonSchema, streamText, tool } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";

const url = process.env.URL;
const token = process.env.TOKEN;
const messages = [{ role: "user", content: "What is a compass?" }];
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const points = { type: "object", properties: { points: { type: "string" } }, required: ["points"], additionalProperties: false };
const weather = { type: "function", function: { name: "weather", description: "The weather", parameters: city } };
const out = {};
const usages = [];

/** Runs scenarios, and notes what each gave. Every usage that a client was told goes to `usages`. */
const run = async (name, scenarios) => {
  out[name] = {};
  for (const [scenario, act] of Object.entries(scenarios)) {
    try {
      out[name][scenario] = await act();
    } catch (thrown) {
      out[name][scenario] = `threw ${thrown.constructor.name}: ${thrown.message} ${thrown.cause ?? ""}`;
    }
  }
};
const told = (input, output) => usages.push([input, output]);
const failure = (call) => call.then(() => "no error", (thrown) => `${thrown.constructor.name} ${thrown.status ?? thrown.statusCode ?? thrown.status_code ?? thrown.httpResponse?.status ?? ""}`.trim());
const leave = async (stream) => {
  let seen = 0;
  for await (const _ of stream) if (++seen === 3) break;
  return seen;
};

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: token });
const openaiTold = (usage) => told(usage.prompt_tokens, usage.completion_tokens);
await run("openai", {
  chat: async () => {
    const answer = await openai.chat.completions.create({ model: "acme/good", messages });
    openaiTold(answer.usage);
    return answer.choices[0].message.content;
  },
  stream: async () => {
    let text = "";
    for await (const chunk of await openai.chat.completions.create({ model: "acme/good", messages, stream: true, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (chunk.usage) openaiTold(chunk.usage);
    }
    return text;
  },
  tools: async () => {
    const answer = await openai.chat.completions.create({ model: "acme/tools", messages, tools: [weather], tool_choice: "required" });
    openaiTold(answer.usage);
    return [answer.choices[0].finish_reason, JSON.parse(answer.choices[0].message.tool_calls[0].function.arguments)];
  },
  toolStream: async () => {
    const final = await openai.chat.completions.stream({ model: "acme/tools", messages, tools: [weather], stream_options: { include_usage: true } }).finalChatCompletion();
    openaiTold(final.usage);
    return JSON.parse(final.choices[0].message.tool_calls[0].function.arguments);
  },
  schema: async () => {
    const answer = await openai.chat.completions.parse({ model: "acme/json", messages, response_format: { type: "json_schema", json_schema: { name: "way", schema: points, strict: true } } });
    openaiTold(answer.usage);
    return JSON.parse(answer.choices[0].message.content);
  },
  completion: async () => {
    const answer = await openai.completions.create({ model: "acme/good", prompt: "A compass" });
    openaiTold(answer.usage);
    return answer.choices[0].text;
  },
  completionStream: async () => {
    let text = "";
    for await (const chunk of await openai.completions.create({ model: "acme/good", prompt: "A compass", stream: true, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.text ?? "";
      if (chunk.usage) openaiTold(chunk.usage);
    }
    return text;
  },
  embeddings: async () => {
    const plain = await openai.embeddings.create({ model: "acme/good", input: ["one", "two"] }); // asks for base64
    const floats = await openai.embeddings.create({ model: "acme/good", input: "one", encoding_format: "float" });
    told(plain.usage.prompt_tokens, 0);
    told(floats.usage.prompt_tokens, 0);
    return [Array.from(plain.data[1].embedding), floats.data[0].embedding];
  },
  response: async () => {
    const answer = await openai.responses.create({ model: "acme/good", input: "What is a compass?" });
    told(answer.usage.input_tokens, answer.usage.output_tokens);
    return answer.output_text;
  },
  responseStream: async () => {
    const final = await openai.responses.stream({ model: "acme/good", input: messages }).finalResponse();
    told(final.usage.input_tokens, final.usage.output_tokens);
    return final.output_text;
  },
  responseTools: async () => {
    const final = await openai.responses.stream({ model: "acme/tools", input: messages, tools: [{ type: "function", name: "weather", parameters: city, strict: true }] }).finalResponse();
    told(final.usage.input_tokens, final.usage.output_tokens);
    return JSON.parse(final.output.find((item) => item.type === "function_call").arguments);
  },
  mistake: () => failure(openai.responses.create({ model: "acme/good", input: [] })),
  missing: () => failure(openai.chat.completions.create({ model: "acme/nothing", messages })),
  leave: async () => leave(await openai.chat.completions.create({ model: "acme/endless", messages, stream: true })),
});

const mistral = new Mistral({ serverURL: url, apiKey: token });
const mistralTold = (usage) => told(usage.promptTokens, usage.completionTokens);
await run("mistral", {
  models: async () => (await mistral.models.list()).data.some((model) => model.id === "acme/good"),
  chat: async () => {
    const answer = await mistral.chat.complete({ model: "acme/good", messages, randomSeed: 7 });
    mistralTold(answer.usage);
    return answer.choices[0].message.content;
  },
  stream: async () => {
    let text = "";
    for await (const { data } of await mistral.chat.stream({ model: "acme/good", messages })) {
      text += data.choices[0]?.delta.content ?? "";
      if (data.usage) mistralTold(data.usage);
    }
    return text;
  },
  tools: async () => {
    const answer = await mistral.chat.complete({ model: "acme/tools", messages, tools: [weather], toolChoice: "any" });
    mistralTold(answer.usage);
    return JSON.parse(answer.choices[0].message.toolCalls[0].function.arguments);
  },
  fim: async () => {
    const answer = await mistral.fim.complete({ model: "acme/good", prompt: "def f():", suffix: "return 1" });
    mistralTold(answer.usage);
    return answer.choices[0].message.content;
  },
  embeddings: async () => {
    const answer = await mistral.embeddings.create({ model: "acme/good", inputs: ["one", "two"] });
    told(answer.usage.promptTokens, 0);
    return answer.data[1].embedding;
  },
  missing: () => failure(mistral.chat.complete({ model: "acme/nothing", messages })),
  leave: async () => leave(await mistral.chat.stream({ model: "acme/endless", messages })),
});

const hf = (model, options) => new InferenceClient(token, { endpointUrl: `${url}/models/${model}`, ...options });
await run("huggingface", {
  chat: async () => {
    const answer = await hf("acme/good").chatCompletion({ messages });
    openaiTold(answer.usage);
    return answer.choices[0].message.content;
  },
  stream: async () => {
    let text = "";
    for await (const chunk of hf("acme/good").chatCompletionStream({ messages, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (chunk.usage) openaiTold(chunk.usage);
    }
    return text;
  },
  generation: async () => {
    const answer = await hf("acme/good").textGeneration({ inputs: "A compass", parameters: { max_new_tokens: 20 } });
    told(null, null);
    return answer.generated_text;
  },
  features: async () => {
    const answer = await hf("acme/good/pipeline/feature-extraction").featureExtraction({ inputs: ["one", "two"] });
    told(null, 0);
    return answer[1];
  },
  missing: () => failure(hf("acme/nothing", { retry_on_error: false }).chatCompletion({ messages })),
  leave: () => leave(hf("acme/endless").chatCompletionStream({ messages })),
});

const anthropic = new Anthropic({ baseURL: url, apiKey: token });
const anthropicTold = (usage) => told(usage.input_tokens, usage.output_tokens);
await run("anthropic", {
  chat: async () => {
    const answer = await anthropic.messages.create({ model: "acme/good", max_tokens: 50, system: "Be brief.", messages });
    anthropicTold(answer.usage);
    return answer.content[0].text;
  },
  stream: async () => {
    const final = await anthropic.messages.stream({ model: "acme/good", max_tokens: 50, messages }).finalMessage();
    anthropicTold(final.usage);
    return final.content[0].text;
  },
  tools: async () => {
    const answer = await anthropic.messages.create({ model: "acme/tools", max_tokens: 50, messages, tools: [{ name: "weather", input_schema: city }], tool_choice: { type: "any" } });
    anthropicTold(answer.usage);
    return [answer.stop_reason, answer.content.find((block) => block.type === "tool_use").input];
  },
  toolStream: async () => {
    const history = [...messages,
      { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "weather", input: { city: "Rome" } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "Rain." }] }];
    const final = await anthropic.messages.stream({ model: "acme/tools", max_tokens: 50, messages: history, tools: [{ name: "weather", input_schema: city }] }).finalMessage();
    anthropicTold(final.usage);
    return final.content.find((block) => block.type === "tool_use").input;
  },
  count: async () => (await anthropic.messages.countTokens({ model: "acme/good", messages })).input_tokens > 0,
  mistake: () => failure(anthropic.messages.create({ model: "acme/good", max_tokens: 0, messages })),
  missing: () => failure(anthropic.messages.create({ model: "acme/nothing", max_tokens: 5, messages })),
  leave: async () => leave(await anthropic.messages.create({ model: "acme/endless", max_tokens: 400, messages, stream: true })),
});

const ollama = new Ollama({ host: url, headers: { Authorization: `Bearer ${token}` } });
const ollamaTold = (answer) => told(answer.prompt_eval_count, answer.eval_count);
await run("ollama", {
  models: async () => (await ollama.list()).models.some((model) => model.name === "acme/good"),
  show: async () => (await ollama.show({ model: "acme/good" })).capabilities.includes("tools"),
  chat: async () => {
    const answer = await ollama.chat({ model: "acme/good", messages, options: { num_predict: 50 } });
    ollamaTold(answer);
    return answer.message.content;
  },
  stream: async () => {
    let text = "";
    for await (const part of await ollama.chat({ model: "acme/good:latest", messages, stream: true })) {
      text += part.message.content;
      if (part.done) ollamaTold(part);
    }
    return text;
  },
  generate: async () => {
    const answer = await ollama.generate({ model: "acme/good", prompt: "A compass", system: "Be brief." });
    ollamaTold(answer);
    return answer.response;
  },
  tools: async () => {
    const answer = await ollama.chat({ model: "acme/tools", messages, tools: [weather] });
    ollamaTold(answer);
    return answer.message.tool_calls[0].function.arguments;
  },
  schema: async () => {
    const answer = await ollama.chat({ model: "acme/json", messages, format: points });
    ollamaTold(answer);
    return JSON.parse(answer.message.content);
  },
  embeddings: async () => {
    const answer = await ollama.embed({ model: "acme/good", input: ["one", "two"] });
    told(answer.prompt_eval_count, 0);
    return answer.embeddings[1];
  },
  missing: () => failure(ollama.chat({ model: "acme/nothing", messages })),
  leave: async () => leave(await ollama.chat({ model: "acme/endless", messages, stream: true })),
});

const provider = createOpenAICompatible({ name: "lodestone", baseURL: `${url}/v1`, apiKey: token, includeUsage: true, supportsStructuredOutputs: true });
const aiTold = (usage) => told(usage.inputTokens, usage.outputTokens);
await run("ai", {
  chat: async () => {
    const answer = await generateText({ model: provider("acme/good"), prompt: "What is a compass?" });
    aiTold(answer.usage);
    return answer.text;
  },
  stream: async () => {
    const answer = streamText({ model: provider("acme/good"), prompt: "What is a compass?" });
    let text = "";
    for await (const piece of answer.textStream) text += piece;
    aiTold(await answer.usage);
    return text;
  },
  tools: async () => {
    const answer = await generateText({ model: provider("acme/tools"), prompt: "The weather?", tools: { weather: tool({ inputSchema: jsonSchema(city) }) } });
    aiTold(answer.usage);
    return answer.toolCalls[0].input;
  },
  schema: async () => {
    const answer = await generateObject({ model: provider("acme/json"), prompt: "Which way?", schema: jsonSchema(points) });
    aiTold(answer.usage);
    return answer.object;
  },
  missing: () => failure(generateText({ model: provider("acme/nothing"), prompt: "x", maxRetries: 0 })),
  leave: async () => leave(streamText({ model: provider("acme/endless"), prompt: "x" }).textStream),
});

console.log(JSON.stringify({ out, usages }));
process.exit(0); // with the streams that were left
