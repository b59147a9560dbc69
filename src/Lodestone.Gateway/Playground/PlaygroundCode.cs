using Lodestone.Ui;

namespace Lodestone.Gateway;

/// <summary>How to make the playground's call from a program, with this server's own address.</summary>
internal static class PlaygroundCode
{
    /// <param name="model">Id of the model.</param>
    /// <param name="address">The server's address without a trailing slash.</param>
    public static IReadOnlyList<Snippet> For(string model, string address) =>
    [
        new("curl", $$"""
            curl {{address}}/v1/chat/completions \
              -H "Authorization: Bearer $LODESTONE_TOKEN" \
              -H "Content-Type: application/json" \
              -d '{"model": "{{model}}", "messages": [{"role": "user", "content": "What is a compass?"}], "stream": true}'
            """, "bash"),
        new("JavaScript", $$"""
            import OpenAI from "openai";

            const client = new OpenAI({ baseURL: "{{address}}/v1", apiKey: process.env.LODESTONE_TOKEN });
            const stream = await client.chat.completions.create({
              model: "{{model}}",
              messages: [{ role: "user", content: "What is a compass?" }],
              stream: true,
            });
            for await (const chunk of stream) {
              process.stdout.write(chunk.choices[0]?.delta.content ?? "");
            }
            """, "js"),
        new("Python", $$"""
            import os
            from openai import OpenAI

            client = OpenAI(base_url="{{address}}/v1", api_key=os.environ["LODESTONE_TOKEN"])
            stream = client.chat.completions.create(
                model="{{model}}",
                messages=[{"role": "user", "content": "What is a compass?"}],
                stream=True,
            )
            for chunk in stream:
                print(chunk.choices[0].delta.content or "", end="")
            """, "python"),
    ];
}
