using Lodestone.Ui;

namespace Lodestone.Hub;

/// <summary>Code that fetches or calls a model from this server, ready to run.</summary>
internal static class ModelSnippets
{
    /// <param name="address">This server's, as the reader reached it.</param>
    public static IReadOnlyList<Snippet> Of(RepoView view, string address)
    {
        var (id, revision) = (view.Repo.FullName, view.At.Name);
        var snippets = new List<Snippet>();
        if (view.Repo.IsServable)
        {
            snippets.AddRange(Calling(view.ApiName, address));
        }

        if (TransformersFacts.Of(view.Facts) is { } transformers)
        {
            snippets.Add(new Snippet("Transformers", Transformers(transformers, id, revision, address), "python"));
        }

        snippets.AddRange(OfLibrary(view.Facts.LibraryName, id, revision, address));
        if (IsLanguageModel(view.Facts))
        {
            snippets.Add(new Snippet("vLLM", $"HF_ENDPOINT={address} vllm serve {id} --revision {revision}", "bash"));
            snippets.Add(new Snippet("SGLang", $"HF_ENDPOINT={address} python -m sglang.launch_server \\\n  --model-path {id} --revision {revision}", "bash"));
        }

        snippets.Add(new Snippet("Python", $"""
            from huggingface_hub import snapshot_download

            path = snapshot_download(
                "{id}",
                revision="{revision}",
                endpoint="{address}",
            )
            """, "python"));
        snippets.Add(new Snippet("JavaScript", $$"""
            import { snapshotDownload } from "@huggingface/hub";

            const path = await snapshotDownload({
              repo: "{{id}}",
              revision: "{{revision}}",
              hubUrl: "{{address}}",
            });
            """, "js"));
        if (view.Facts.GgufFiles is [var gguf, ..])
        {
            var place = $"{address}{view.Here("resolve", gguf.Path)}";
            snippets.Add(new Snippet("llama.cpp", $"llama-server \\\n  --model-url {place}", "bash"));
            snippets.Add(new Snippet("Ollama", $"curl -L -o model.gguf {place}\necho 'FROM ./model.gguf' > Modelfile\nollama create {view.Repo.Name.ToLowerInvariant()} -f Modelfile\nollama run {view.Repo.Name.ToLowerInvariant()}", "bash"));
        }

        snippets.Add(new Snippet("git", $"git lfs install\ngit clone {Branch(revision)}{address}{view.Href}", "bash"));
        return snippets;
    }

    private static IEnumerable<Snippet> Calling(string model, string address) =>
    [
        new("curl", $$"""
            curl {{address}}/v1/chat/completions \
              -H "Authorization: Bearer $LODESTONE_TOKEN" \
              -H "Content-Type: application/json" \
              -d '{
                "model": "{{model}}",
                "messages": [{"role": "user", "content": "Hello"}]
              }'
            """, "bash"),
        new("OpenAI Python", $$"""
            import os
            from openai import OpenAI

            client = OpenAI(
                base_url="{{address}}/v1",
                api_key=os.environ["LODESTONE_TOKEN"],
            )
            answer = client.chat.completions.create(
                model="{{model}}",
                messages=[{"role": "user", "content": "Hello"}],
            )
            print(answer.choices[0].message.content)
            """, "python"),
        new("OpenAI JavaScript", $$"""
            import OpenAI from "openai";

            const client = new OpenAI({
              baseURL: "{{address}}/v1",
              apiKey: process.env.LODESTONE_TOKEN,
            });
            const answer = await client.chat.completions.create({
              model: "{{model}}",
              messages: [{ role: "user", content: "Hello" }],
            });
            console.log(answer.choices[0].message.content);
            """, "js"),
        new("OpenAI .NET", $$"""
            using System.ClientModel;
            using OpenAI;
            using OpenAI.Chat;

            var key = Environment.GetEnvironmentVariable("LODESTONE_TOKEN")!;
            var client = new ChatClient(
                "{{model}}",
                new ApiKeyCredential(key),
                new OpenAIClientOptions { Endpoint = new Uri("{{address}}/v1") });
            ChatCompletion answer = await client.CompleteChatAsync("Hello");
            Console.WriteLine(answer.Content[0].Text);
            """, "csharp"),
    ];

    private static bool IsLanguageModel(RepoFacts facts) => facts.PipelineTag is "text-generation" or "image-text-to-text" && facts.Safetensors is not null;

    private static IEnumerable<Snippet> OfLibrary(string? library, string id, string revision, string address) => library switch
    {
        "diffusers" => [new Snippet("Diffusers", $"""
            import os
            os.environ["HF_ENDPOINT"] = "{address}"  # before the next import

            from diffusers import DiffusionPipeline

            pipeline = DiffusionPipeline.from_pretrained("{id}", revision="{revision}")
            image = pipeline("A lighthouse at dusk").images[0]
            """, "python")],
        "sentence-transformers" => [new Snippet("Sentence Transformers", $"""
            import os
            os.environ["HF_ENDPOINT"] = "{address}"  # before the next import

            from sentence_transformers import SentenceTransformer

            model = SentenceTransformer("{id}", revision="{revision}")
            vectors = model.encode(["One sentence", "Another sentence"])
            """, "python")],
        "peft" => [new Snippet("PEFT", $"""
            import os
            os.environ["HF_ENDPOINT"] = "{address}"  # before the next import

            from peft import AutoPeftModelForCausalLM

            model = AutoPeftModelForCausalLM.from_pretrained("{id}", revision="{revision}")
            """, "python")],
        _ => [],
    };

    private static string Transformers(TransformersFacts facts, string id, string revision, string address)
    {
        var tokenizer = facts.Processor is { } processor ? $"\ntokenizer = {processor}.from_pretrained(\"{id}\", revision=\"{revision}\")" : "";
        var imports = facts.Processor is { } also ? $"{facts.AutoModel}, {also}" : facts.AutoModel;
        return $"""
            import os
            os.environ["HF_ENDPOINT"] = "{address}"  # before the next import

            from transformers import {imports}
            {tokenizer}
            model = {facts.AutoModel}.from_pretrained("{id}", revision="{revision}")
            """;
    }

    private static string Branch(string revision) => revision == RepoView.MainBranch ? "" : $"--branch {revision} ";
}
